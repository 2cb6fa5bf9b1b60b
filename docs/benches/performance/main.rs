//! The measurements of `performance.md`, with a file for each question.
//!
//! ```text
//! cargo bench -p docs --bench performance
//! ```
//!
//! A word after `--` selects the tables with the word in their names, such as `streaming`.

mod around;
mod balancer;
mod connections;
mod conversation;
mod echo;
mod levers;
mod sides;
mod size;
mod streaming;
mod tls;

use std::{env, path::Path};

use docs::report::{Outcome, Report};
use sides::Sides;

fn main() -> Outcome {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("performance");
    let report = Report::new(folder, env::args().skip(1));
    let sides = Sides::new()?;
    println!("on {}", sides::machine());
    streaming::measure(&report, &sides)?;
    conversation::measure(&report, &sides)?;
    connections::measure(&report, &sides)?;
    size::measure(&report, &sides)?;
    around::measure(&report, &sides)?;
    balancer::measure(&report, &sides)?;
    tls::measure(&report, &sides)?;
    levers::measure(&report, &sides)?;
    report.finish()
}
