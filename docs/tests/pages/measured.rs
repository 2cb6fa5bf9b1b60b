//! The tables of `performance.md` and its charts are of the same measurement.

use std::collections::BTreeSet;

use crate::{inside, read, root};

/// The tables: the name of each, and its rows.
fn tables() -> Vec<(String, Vec<String>)> {
    let page = read(&root().join("docs/performance.md"));
    let table = |part: &str| {
        let (name, rest) = part.split_once(" -->").expect("a comment ends");
        let rows = rest.trim_start().lines().take_while(|line| line.starts_with('|')).skip(2);
        (name.to_owned(), rows.map(str::to_owned).collect())
    };
    page.split("<!-- ").skip(1).map(table).collect()
}

#[test]
fn every_table_and_every_chart_is_on_the_page_once() {
    let page = read(&root().join("docs/performance.md"));
    let charts = inside(&root().join("docs/performance"));
    let charts = charts.map(|chart| chart.file_stem().unwrap().to_string_lossy().into_owned());
    let tables = tables().into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>();
    assert_eq!(tables, charts.collect::<BTreeSet<_>>());
    for name in &tables {
        let chart = format!("](performance/{name}.svg)");
        assert_eq!(page.matches(&chart).count(), 1, "{name}");
    }
    // None is left over from an earlier measurement.
    assert_eq!(page.matches("| --- | --- | --- |").count(), tables.len());
}

#[test]
fn a_chart_shows_the_ways_and_the_ratios_of_its_table() {
    for (name, rows) in tables() {
        let chart = read(&root().join(format!("docs/performance/{name}.svg")));
        assert!(rows.len() > 1, "{name}: {rows:?}");
        for row in rows {
            let cells = row.split('|').map(str::trim).collect::<Vec<_>>();
            // The library escapes apostrophes.
            for cell in &cells[1..3] {
                let text = format!("\n{}\n", cell.replace('\'', "&apos;"));
                assert!(chart.contains(&text), "{name}.svg does not show {cell:?}");
            }
        }
    }
}
