//! Every Rust expression of `from-go-and-java.md` is in one of these files, which compile.
//!
//! There is a file for each chapter. Its functions have the context that the expressions need. They never
//! run, because the examples test the same expressions. The methods of a service are looked up in the
//! examples, so that an exercise that adds a method does not break these files.
#![allow(dead_code, reason = "to compile it is the test")]
#![allow(clippy::unnecessary_wraps, reason = "methods of a service return a `Result`")]

mod ch2;
mod ch3;
mod ch5_around;
mod ch5_calls;
mod ch5_channel;
mod ch7;
mod ch8;
mod tokens;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use tokens::{balanced, stands_in, tokens};

const PAGE: &str = include_str!("../../../from-go-and-java.md");

const CODE: [&str; 11] = [
    ch2::TEXT,
    ch3::TEXT,
    ch5_around::TEXT,
    ch5_calls::TEXT,
    ch5_channel::TEXT,
    ch7::TEXT,
    ch8::TEXT,
    include_str!("../../../../productinfo/src/server.rs"),
    include_str!("../../../../productinfo/tests/it/mock.rs"),
    include_str!("../../../../order-management/src/server.rs"),
    include_str!("../../../../crates/channel/src/resolver.rs"),
];

/// The rows of all tables. Each cell has its text, and the expressions in backticks.
fn rows(page: &str) -> Vec<Vec<(String, Vec<String>)>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), None);
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match (event, &mut cell) {
            (Event::Start(Tag::TableCell), _) => cell = Some((String::new(), Vec::new())),
            (Event::Text(part), Some((text, _))) => text.push_str(&part),
            (Event::Code(code), Some((_, codes))) => codes.push(code.into_string()),
            (Event::End(TagEnd::TableCell), _) => row.extend(cell.take()),
            (Event::End(TagEnd::TableHead | TagEnd::TableRow), _) => {
                rows.push(std::mem::take(&mut row));
            }
            _ => {}
        }
    }
    rows
}

/// The expressions in the column for Rust.
fn expressions(page: &str) -> Vec<String> {
    rows(page).into_iter().flat_map(|mut row| row.swap_remove(2).1).collect()
}

#[test]
fn every_rust_expression_of_the_phrasebook_compiles() {
    let code = CODE.join("\n");
    let compiled = tokens(&code);
    let expressions = expressions(PAGE);
    assert!(expressions.len() > 100, "only {} were found", expressions.len());
    let lost = expressions.iter().filter(|expression| {
        let expression = tokens(expression);
        !balanced(&expression) || !stands_in(&compiled, &expression)
    });
    let lost = lost.collect::<Vec<_>>();
    assert!(lost.is_empty(), "nothing compiles these: {lost:#?}");
}

#[test]
fn the_third_column_of_every_table_is_the_one_in_rust() {
    for row in rows(PAGE) {
        let heads = row.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>();
        assert_eq!(row.len(), 4, "{heads:?}");
        let head = heads[0] == "Go";
        assert!(!head || heads == ["Go", "Java", "here", "see"], "{heads:?}");
    }
}

#[test]
fn an_expression_is_found_in_the_third_column_only() {
    let page = "`a`\n\n| Go | Java | here | see |\n| - | - | - | - |\n| `b` | `c` | `d()` | `e` |\n\n`f`";
    assert_eq!(expressions(page), ["d()"]);
}
