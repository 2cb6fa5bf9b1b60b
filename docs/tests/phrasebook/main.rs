//! Every Rust expression of `from-go-and-java.md` stands in one of these files, where it compiles.
//!
//! A file for each chapter, in which a function is the surroundings that an expression needs. Nothing
//! here is run: what the expressions do is tested by the examples that the page names.
#![allow(dead_code, reason = "to compile it is the test")]

mod ch2;
mod ch3;
mod ch5_around;
mod ch5_calls;
mod ch5_channel;
mod ch7;
mod ch8;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

const PAGE: &str = include_str!("../../from-go-and-java.md");

const CODE: [&str; 7] = [
    include_str!("ch2.rs"),
    include_str!("ch3.rs"),
    include_str!("ch5_around.rs"),
    include_str!("ch5_calls.rs"),
    include_str!("ch5_channel.rs"),
    include_str!("ch7.rs"),
    include_str!("ch8.rs"),
];

/// The column of the tables that is in Rust.
const HERE: usize = 2;

/// What is in backticks in that column.
fn expressions(page: &str) -> Vec<String> {
    let (mut column, mut expressions) = (0, Vec::new());
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            // Also behind a table: there is prose, and no column.
            Event::Start(Tag::TableHead | Tag::TableRow) | Event::End(TagEnd::Table) => {
                column = 0;
            }
            Event::End(TagEnd::TableCell) => column += 1,
            Event::Code(code) if column == HERE => expressions.push(code.into_string()),
            _ => {}
        }
    }
    expressions
}

/// Code without what the formatter may change: spaces, line ends, and the comma at the end of a list.
fn tokens(code: &str) -> String {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect::<String>();
    [")", "]", "}"].iter().fold(text, |text, end| text.replace(&format!(",{end}"), end))
}

#[test]
fn every_rust_expression_of_the_phrasebook_compiles() {
    let compiled = tokens(&CODE.join("\n"));
    let expressions = expressions(PAGE);
    assert!(expressions.len() > 80, "only {} were found", expressions.len());
    let lost = expressions.iter().filter(|code| !compiled.contains(&tokens(code)));
    let lost = lost.collect::<Vec<_>>();
    assert!(lost.is_empty(), "nothing compiles these: {lost:#?}");
}

#[test]
fn an_expression_is_found_in_the_third_column_only() {
    let page = "`a`\n\n| Go | Java | here | see |\n| - | - | - | - |\n| `b` | `c` | `d()` | `e` |\n\n`f`";
    assert_eq!(expressions(page), ["d()"]);
}

#[test]
fn an_expression_may_be_broken_into_lines_but_not_commented_out() {
    assert_eq!(tokens("f(\n    a,\n    b,\n)"), tokens("f(a, b)"));
    assert_eq!(tokens("// f(a)\n"), "");
}
