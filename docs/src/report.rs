//! Where the outcome goes: a table on standard output and in a file, and a chart beside it.

use std::{error::Error, fmt::Write as _, fs, path::PathBuf};

use crate::{
    chart::{draw, number},
    paired::{Ratio, Way, compare},
};

/// What is measured, how often, and where the outcome is written.
#[derive(Debug)]
pub struct Report {
    folder: PathBuf,
    /// What the names of the tables to be made have in them.
    filter: String,
    /// Whether it is only tried out that everything runs.
    trial: bool,
}

impl Report {
    /// A report into `folder`, as the arguments of a `cargo bench` want it: a word is what a table must
    /// have in its name, and `--test` makes one short round of each and writes nothing.
    ///
    /// # Errors
    ///
    /// Where there cannot be such a folder.
    pub fn new(
        folder: PathBuf,
        arguments: impl Iterator<Item = String>,
    ) -> Result<Self, Box<dyn Error>> {
        fs::create_dir_all(&folder)?;
        let (flags, words) = arguments.partition::<Vec<_>, _>(|word| word.starts_with("--"));
        let trial = flags.iter().any(|flag| flag == "--test");
        Ok(Self { folder, filter: words.concat(), trial })
    }

    /// `amount`, or a hundredth of it where it is only tried out that everything runs.
    #[must_use]
    pub fn amount(&self, amount: usize) -> usize {
        if self.trial { amount.div_ceil(100) } else { amount }
    }

    /// Whether a table is wanted.
    #[must_use]
    pub fn wants(&self, table: &str) -> bool {
        table.contains(&self.filter)
    }

    /// Compares the ways, prints the table, and writes `table`.md and `table`.svg.
    ///
    /// # Errors
    ///
    /// Where it cannot be drawn or written.
    pub fn compare(
        &self,
        table: &str,
        title: &str,
        ways: &mut [Way<'_>],
    ) -> Result<(), Box<dyn Error>> {
        let ratios = compare(if self.trial { 1 } else { 40 }, ways);
        let text = markdown(title, &ratios);
        let chart = draw(title, &ratios)?;
        println!("\n{text}");
        // What one short round says is not worth keeping.
        if !self.trial {
            fs::write(self.folder.join(format!("{table}.md")), text)?;
            fs::write(self.folder.join(format!("{table}.svg")), chart)?;
        }
        Ok(())
    }
}

fn markdown(title: &str, ratios: &[Ratio]) -> String {
    let mut text =
        format!("| {title} | ratio | middle half of the rounds |\n| --- | --- | --- |\n");
    for ratio in ratios {
        let Ratio { name, median, low, high } = ratio;
        let (median, low, high) = (number(*median), number(*low), number(*high));
        // To write to a `String` cannot fail.
        let _ = writeln!(text, "| {name} | {median} | {low} to {high} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::markdown;
    use crate::paired::Ratio;

    #[test]
    fn a_table_has_a_row_for_each_way() {
        let ratios = [Ratio { name: "streaming", median: 0.05, low: 0.04, high: 12.3 }];
        let rows = "| a call | ratio | middle half of the rounds |\n| --- | --- | --- |\n";
        let row = "| streaming | 0.050 | 0.040 to 12 |\n";
        assert_eq!(markdown("a call", &ratios), format!("{rows}{row}"));
    }
}
