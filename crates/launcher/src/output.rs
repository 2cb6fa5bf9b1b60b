//! Standard output and standard error, without waiting for their readers.
//!
//! A program that writes to a full pipe is blocked until the other end reads, and with `server | less`
//! that can be never. So lines go into a bounded queue, and a thread writes them. When the queue is full,
//! lines are dropped and counted, and the count is printed as soon as there is room again.

use std::{
    fmt::Write as _,
    io::{self, Write},
    mem,
    sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anstream::{AutoStream, ColorChoice};

/// How many bytes wait at most.
const QUEUE: usize = 1024 * 1024;

/// How many bytes are written at once.
const PIECE: usize = 4 * 1024;

/// How long the end of the process waits for a reader that does not read.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long it waits in all, for a slow reader or on a busy machine.
const LIMIT: Duration = Duration::from_secs(2);

pub(crate) static STDOUT: Output = Output::new("standard output");
pub(crate) static STDERR: Output = Output::new("standard error");

/// Whether standard output takes colours. A pipe, NO_COLOR and a dumb terminal do not.
pub(crate) static COLOURS: LazyLock<bool> =
    LazyLock::new(|| AutoStream::choice(&io::stdout()) != ColorChoice::Never);

pub(crate) struct Output {
    name: &'static str,
    queue: Mutex<Queue>,
    changed: Condvar,
}

struct Queue {
    /// Complete lines that wait to be written.
    text: String,
    /// How many lines have found no room since the last one that did.
    dropped: usize,
    /// Grows with each piece that is written. At 0 the thread is yet to be started.
    progress: usize,
    writing: bool,
}

impl Output {
    const fn new(name: &'static str) -> Self {
        let queue = Queue { text: String::new(), dropped: 0, progress: 0, writing: false };
        Self { name, queue: Mutex::new(queue), changed: Condvar::new() }
    }

    pub(crate) fn line(&'static self, line: &str) {
        let mut queue = self.lock();
        self.report_dropped(&mut queue);
        if queue.text.is_empty() {
            // Only then. A system call for each line takes longer than writing the line.
            self.changed.notify_all();
        }
        if queue.text.len() + line.len() < QUEUE {
            queue.text.push_str(line);
            queue.text.push('\n');
        } else {
            queue.dropped += 1;
        }
        let start = queue.progress == 0;
        queue.progress = queue.progress.max(1);
        drop(queue);
        if start {
            // Not `spawn`, which panics without a free thread. That panic would be printed here, too.
            let _ = thread::Builder::new().spawn(|| self.write());
        }
    }

    /// Waits until everything is written, or until the reader has not read for a moment.
    pub(crate) fn finish(&self) {
        let end = Instant::now() + LIMIT;
        let mut queue = self.lock();
        loop {
            self.report_dropped(&mut queue);
            if !queue.writing && queue.text.is_empty() {
                return;
            }
            // Before the thread begins to write, the machine is busy, and the reader is not stuck.
            let left = end.saturating_duration_since(Instant::now());
            let patience = if queue.writing { PATIENCE.min(left) } else { left };
            let before = (queue.progress, queue.writing);
            let stuck = |queue: &mut Queue| (queue.progress, queue.writing) == before;
            let waited = self.changed.wait_timeout_while(queue, patience, stuck);
            let (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return;
            }
            queue = now;
        }
    }

    /// Queues the number of dropped lines, if there is room for it.
    fn report_dropped(&self, queue: &mut Queue) {
        if queue.dropped > 0 && queue.text.len() < QUEUE / 2 {
            let (dropped, name) = (mem::take(&mut queue.dropped), self.name);
            // Writing to a string cannot fail.
            let _ =
                writeln!(queue.text, "launcher | {dropped} lines dropped: {name} was not read");
            self.changed.notify_all();
        }
    }

    /// Writes the queued lines, for as long as the process lives.
    fn write(&self) {
        // `anstream` removes colours where they are not wanted, and translates them for old terminals of
        // Windows. It looks at each byte, so text without colours does not pass through it.
        let mut stream: Box<dyn Write> = match self.name {
            "standard output" if *COLOURS => Box::new(anstream::stdout()),
            "standard output" => Box::new(io::stdout()),
            _ => Box::new(anstream::stderr()),
        };
        let mut queue = self.lock();
        loop {
            queue = self
                .changed
                .wait_while(queue, |queue| queue.text.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            drop(queue);
            // Meanwhile more lines gather, and fewer system calls write them.
            thread::sleep(Duration::from_millis(1));
            queue = self.lock();
            let text = mem::take(&mut queue.text);
            queue.writing = true;
            drop(queue);
            self.changed.notify_all();
            // In pieces, so that `finish` can distinguish a slow reader from one that has stopped.
            for piece in text.as_bytes().chunks(PIECE) {
                // An error means that the reader is gone, as with `| head`. Nobody can be told.
                let _ = stream.write_all(piece).and_then(|()| stream.flush());
                self.lock().progress += 1;
                self.changed.notify_all();
            }
            queue = self.lock();
            queue.writing = false;
            queue.progress += 1;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets `tracing-subscriber` write its lines here.
impl io::Write for &'static Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line(String::from_utf8_lossy(bytes).trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
