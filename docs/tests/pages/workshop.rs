//! The plan for a workshop knows every exercise.

use std::fs;

use crate::{chapters, read, root};

/// The exercises that an example has tests for, by number.
fn exercises(example: &str) -> Vec<u32> {
    let tests = fs::read_to_string(root().join(example).join("tests/exercises.rs")).unwrap();
    let numbers = tests.lines().filter_map(|line| {
        let (_, name) = line.split_once("fn exercise_")?;
        name.split('_').next()?.parse().ok()
    });
    let mut numbers = numbers.collect::<Vec<_>>();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[test]
fn every_exercise_of_a_readme_has_a_command_a_test_and_a_row_in_the_plan() {
    let plan = read(&root().join("docs/workshop.md"));
    for (name, text) in chapters() {
        let numbers = exercises(&name);
        assert!(!numbers.is_empty(), "{name} has no exercise");
        for &number in &numbers {
            let command = format!(
                "cargo test -p {name} --test exercises -- --ignored exercise_{number}\n"
            );
            assert!(text.contains(&command), "{name}/README.md does not name: {command}");
            let row = format!("| [{name} {number}](../{name}/README.md#extend-it) |");
            assert!(plan.contains(&row), "docs/workshop.md has no row {row}");
        }
        let (_, told) = text.split_once("\n## Extend it\n").unwrap();
        let told = told.lines().filter(|line| line.split_once(". **").is_some()).count();
        assert_eq!(told, numbers.len(), "{name}: exercises in README.md, and tests");
    }
}
