//! Who got how many calls.

use tonic::Status;

/// What calls came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// For each backend, how many calls it answered, in the order of their first answer.
    pub answered: Vec<(String, usize)>,
    /// How many calls failed.
    pub failed: usize,
    /// The last status of a call that failed.
    pub last_failure: Option<Status>,
}

/// How long the bar of all calls is, in characters.
const WIDTH: usize = 30;

impl Tally {
    /// A tally that shows these backends, whether they answer or not.
    #[must_use]
    pub fn of(backends: &[String]) -> Self {
        let answered = backends.iter().map(|backend| (backend.clone(), 0)).collect();
        Self { answered, ..Self::default() }
    }

    /// Counts a call that ended with an answer, `MESSAGE (from ADDR)`, or a status.
    pub fn add(&mut self, answer: Result<String, Status>) {
        match answer {
            Ok(message) => {
                let from = message.rsplit_once("(from ").map_or("?", |(_, from)| from);
                let from = from.trim_end_matches(')');
                match self.answered.iter_mut().find(|(backend, _)| backend == from) {
                    Some((_, calls)) => *calls += 1,
                    None => self.answered.push((from.to_owned(), 1)),
                }
            }
            Err(status) => {
                self.failed += 1;
                self.last_failure = Some(status);
            }
        }
    }

    /// How many calls have ended.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.answered.iter().map(|(_, calls)| calls).sum::<usize>() + self.failed
    }

    /// A line for each backend: its share as a bar, and in numbers.
    #[must_use]
    pub fn bars(&self) -> Vec<String> {
        let all = self.calls().max(1);
        let bar = |(backend, calls): &(String, usize)| {
            // Who got a call at all gets a block at least.
            let bar = "█".repeat((calls * WIDTH).div_ceil(all));
            let space = if bar.is_empty() { "" } else { " " };
            format!("  {backend:<21} {bar}{space}{calls}")
        };
        self.answered.iter().map(bar).collect()
    }
}
