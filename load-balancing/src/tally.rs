//! Counts the calls that each backend answered.

use launcher::transcript;
use tonic::Status;

/// The length of the longest bar, in characters.
const WIDTH: usize = 30;

/// The results of some calls.
#[derive(Default)]
pub(crate) struct Tally {
    /// Each backend and how many calls it answered, in the order of their first answers.
    pub(crate) answered: Vec<(String, usize)>,
    pub(crate) failed: usize,
    pub(crate) last_failure: Option<Status>,
}

impl Tally {
    /// A tally that shows these backends even if they answer no call.
    pub(crate) fn of(backends: &[String]) -> Self {
        let answered = backends.iter().map(|backend| (backend.clone(), 0)).collect();
        Self { answered, ..Self::default() }
    }

    /// Counts a call that ended with an answer, `MESSAGE (from ADDR)`, or with a status.
    pub(crate) fn add(&mut self, result: Result<String, Status>) {
        match result {
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

    /// Prints a line for each backend, with its share of the calls as a bar and as a number.
    pub(crate) fn print(&self) {
        let answered = self.answered.iter().map(|(_, calls)| calls).sum::<usize>();
        let all = (answered + self.failed).max(1);
        for (backend, calls) in &self.answered {
            // One call is enough for a bar.
            let bar = "█".repeat((calls * WIDTH).div_ceil(all));
            let space = if bar.is_empty() { "" } else { " " };
            transcript!(client, "  {backend:<21} {bar}{space}{calls}");
        }
    }
}
