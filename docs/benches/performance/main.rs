//! What is behind `performance.md`: a file for each question, a table and a chart for each answer.
//!
//! ```text
//! cargo bench -p docs --bench performance
//! ```
//!
//! A word behind `--` makes only the tables with the word in their names, such as `streaming`.

mod around;
mod balancer;
mod connections;
mod machine;
mod size;
mod streaming;

use std::{env, error::Error, path::Path};

use docs::report::Report;
use machine::Machine;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("performance");
    let report = Report::new(folder.clone(), env::args().skip(1))?;
    let machine = Machine::new()?;
    println!("on {}", machine::name());
    streaming::measure(&report, &machine)?;
    connections::measure(&report, &machine)?;
    size::measure(&report, &machine)?;
    around::measure(&report, &machine)?;
    balancer::measure(&report, &machine)?;
    println!("\ntables and charts are in {}", folder.display());
    Ok(())
}
