//! The plan for a workshop knows every exercise.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, Tag};

use crate::{chapter, examples, parse, read, root};

/// The exercises that an example has tests for, by number.
fn tested(example: &str) -> BTreeSet<usize> {
    let tests = testing::exercises(&root().join(example));
    let number = |line: &str| {
        let (_, name) = line.split_once("fn exercise_")?;
        let number = name.split('_').next().and_then(|number| number.parse().ok());
        Some(
            number.unwrap_or_else(|| panic!("{example}: an exercise without a number: {name}")),
        )
    };
    tests.lines().filter_map(number).collect()
}

/// How many exercises a chapter has: the items of the list in its last section.
fn told(example: &str) -> usize {
    let chapter = chapter(example);
    let (_, section) = chapter.split_once("\n## Extend it\n").expect("it has exercises");
    parse(section).filter(|event| matches!(event, Event::Start(Tag::Item))).count()
}

#[test]
fn every_chapter_has_three_exercises() {
    for name in examples() {
        assert_eq!(told(&name), 3, "{name}");
    }
}

#[test]
fn every_exercise_has_a_test() {
    for name in examples() {
        assert_eq!(tested(&name), BTreeSet::from([1, 2, 3]), "{name}");
    }
}

#[test]
fn every_exercise_names_its_command() {
    for name in examples() {
        for number in tested(&name) {
            let command = format!(
                "cargo test -p {name} --test exercises -- --ignored exercise_{number}\n"
            );
            assert!(chapter(&name).contains(&command), "{name}/README.md: {command}");
        }
    }
}

#[test]
fn every_exercise_has_a_goal_a_time_and_a_hint_in_the_plan() {
    let plan = read(&root().join("docs/workshop.md"));
    let (_, table) = plan.split_once("\n## The exercises\n").expect("it has the exercises");
    let rows = table.lines().filter(|line| line.starts_with("| [")).map(|row| {
        let cells = row.split('|').map(str::trim).collect::<Vec<_>>();
        assert!(cells[1..5].iter().all(|cell| !cell.is_empty()), "{row}");
        assert!(cells[3].parse::<u32>().is_ok(), "a time in minutes: {row}");
        cells[1].to_owned()
    });
    let all = examples().into_iter().flat_map(|name| {
        let row = |number| format!("[{name} {number}](../{name}/README.md#extend-it)");
        tested(&name).into_iter().map(row).collect::<Vec<_>>()
    });
    assert_eq!(rows.collect::<BTreeSet<_>>(), all.collect::<BTreeSet<_>>());
}
