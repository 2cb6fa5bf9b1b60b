//! Writes the result: a table on standard output, and a table and a chart in files.

use std::{cell::Cell, error::Error, fmt::Write as _, fs, path::PathBuf};

use crate::{
    chart::{draw, number},
    paired::{Ratio, Way, compare},
};

/// How often each way runs. One more than a multiple of 4, so that each quartile is a round.
const ROUNDS: usize = 41;

/// Fails if a chart cannot be drawn or a file cannot be written.
pub type Outcome = Result<(), Box<dyn Error>>;

/// The selected tables, the number of rounds, and the folder for the result.
#[derive(Debug)]
pub struct Report {
    folder: PathBuf,
    /// Words in the names of the selected tables. Without a word, all tables are selected.
    words: Vec<String>,
    /// Whether this only checks that everything runs.
    trial: bool,
    made: Cell<usize>,
}

impl Report {
    /// A report into `folder`, with the arguments of `cargo bench`. A word selects the tables with this
    /// word in their names. `--test` makes one short round of each table and writes nothing.
    pub fn new(folder: PathBuf, arguments: impl Iterator<Item = String>) -> Self {
        let (flags, words) = arguments.partition::<Vec<_>, _>(|word| word.starts_with("--"));
        let trial = flags.iter().any(|flag| flag == "--test");
        Self { folder, words, trial, made: Cell::new(0) }
    }

    /// `amount`, or a hundredth of it with `--test`.
    #[must_use]
    pub fn amount(&self, amount: usize) -> usize {
        if self.trial { amount.div_ceil(100) } else { amount }
    }

    /// Compares the ways, prints the table, and writes `table`.md and `table`.svg. Does nothing if the table
    /// is not selected.
    pub fn compare(&self, table: &str, title: &str, ways: Vec<Way<'_>>) -> Outcome {
        if !self.words.is_empty() && !self.words.iter().any(|word| table.contains(word)) {
            return Ok(());
        }
        let ratios = compare(if self.trial { 1 } else { ROUNDS }, ways);
        let (text, chart) = (markdown(title, &ratios), draw(title, &ratios)?);
        println!("\n{text}");
        self.made.set(self.made.get() + 1);
        // One short round is too noisy to keep.
        if !self.trial {
            fs::create_dir_all(&self.folder)?;
            fs::write(self.folder.join(format!("{table}.md")), text)?;
            fs::write(self.folder.join(format!("{table}.svg")), chart)?;
        }
        Ok(())
    }

    /// Says where all that was made is. It is an error if that is nothing.
    pub fn finish(self) -> Outcome {
        match (self.made.get(), self.trial) {
            (0, _) => {
                Err(format!("no table has {} in its name", self.words.join(" or ")).into())
            }
            (_, true) => Ok(()),
            (_, false) => {
                println!("\ntables and charts are in {}", self.folder.display());
                Ok(())
            }
        }
    }
}

fn markdown(title: &str, ratios: &[Ratio]) -> String {
    let mut text =
        format!("| {title} | ratio | middle half of the rounds |\n| --- | --- | --- |\n");
    for Ratio { name, low, median, high } in ratios {
        let (low, median, high) = (number(*low), number(*median), number(*high));
        // To write to a `String` cannot fail.
        let _ = writeln!(text, "| {name} | {median} | {low} to {high} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Duration};

    use super::{Report, markdown};
    use crate::paired::{Ratio, Way};

    /// The number of tables that these arguments select, of `calls` and `streams`.
    fn made(arguments: &[&str]) -> Result<usize, String> {
        let arguments = arguments.iter().map(ToString::to_string);
        let report = Report::new(PathBuf::new(), arguments.chain(["--test".to_owned()]));
        for table in ["calls", "streams"] {
            let way = Way::new("one", || Duration::from_secs(1));
            report.compare(table, table, vec![way]).expect("it can be drawn");
        }
        let made = report.made.get();
        report.finish().map(|()| made).map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_has_a_row_for_each_way() {
        let ratios = [Ratio { name: "streaming", low: 0.04, median: 0.05, high: 12.3 }];
        let heads = "| a call | ratio | middle half of the rounds |\n| --- | --- | --- |\n";
        let row = "| streaming | 0.050 | 0.040 to 12 |\n";
        assert_eq!(markdown("a call", &ratios), format!("{heads}{row}"));
    }

    #[test]
    fn without_a_word_all_tables_are_made_and_with_words_those_that_have_one() {
        assert_eq!(made(&[]), Ok(2));
        assert_eq!(made(&["call"]), Ok(1));
        assert_eq!(made(&["call", "stream"]), Ok(2));
    }

    #[test]
    fn a_word_that_no_table_has_is_an_error() {
        assert_eq!(made(&["cal1"]), Err("no table has cal1 in its name".to_owned()));
    }
}
