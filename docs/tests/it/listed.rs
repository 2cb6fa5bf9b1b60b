//! Every example, page and exercise is listed where readers look for it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use pulldown_cmark::{Event, Tag};

use crate::{examples, inside, pages, parse, read, root};

/// Fails with what to do, unless `page` has a link to `target`.
fn assert_listed(page: &str, target: &str) {
    let text = read(&root().join(page));
    let listed = parse(&text).any(|event| {
        matches!(event, Event::Start(Tag::Link { dest_url, .. }) if &*dest_url == target)
    });
    assert!(listed, "add a link to `{target}` to {page}");
}

#[test]
fn the_front_page_lists_every_example() {
    for name in examples() {
        assert_listed("README.md", &name);
    }
}

#[test]
fn the_reading_order_lists_every_example_and_page() {
    for name in examples() {
        assert_listed("docs/README.md", &format!("../{name}/README.md"));
    }
    for page in pages().into_iter().filter(|page| page.starts_with(root().join("docs"))) {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        if name != "README.md" {
            assert_listed("docs/README.md", &name);
        }
    }
}

/// The numbers of an example's exercises, which are in the names of their checks.
fn exercises(example: &str) -> Vec<String> {
    let checks = testing::exercises(&root().join(example));
    let mut numbers = checks
        .split("fn exercise_")
        .skip(1)
        .map(|name| name.chars().take_while(char::is_ascii_digit).collect::<String>())
        .collect::<Vec<_>>();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The rows of the table of exercises that a chapter needs, made of its items `1. **Title** (10 minutes).`
fn rows(example: &str) -> Vec<String> {
    let chapter = read(&root().join(example).join("README.md"));
    let row = |number: &String| {
        let start = format!("\n{number}. **");
        let item = chapter.split_once(&start).map(|(_, rest)| rest).unwrap_or_default();
        let (title, rest) = item.split_once("** (").unwrap_or_default();
        let (minutes, _) = rest.split_once(" minutes)").unwrap_or_default();
        assert!(
            minutes.parse::<u32>().is_ok(),
            "begin exercise {number} of {example}/README.md with `{number}. **Title** (10 minutes).`"
        );
        let link = format!("[{example} {number}](../{example}/README.md#extend-it)");
        format!("| {link} | {title} | {minutes} |")
    };
    exercises(example).iter().map(row).collect()
}

#[test]
fn the_plan_for_a_workshop_lists_exactly_the_exercises_of_the_chapters() {
    let plan = read(&root().join("docs/workshop.md"));
    let expected = examples().iter().flat_map(|name| rows(name)).collect::<BTreeSet<_>>();
    let listed = plan.lines().filter(|line| line.contains("/README.md#extend-it) |"));
    let listed = listed.map(str::to_owned).collect::<BTreeSet<_>>();
    let missing = expected.difference(&listed).collect::<Vec<_>>();
    assert!(missing.is_empty(), "add these rows to docs/workshop.md: {missing:#?}");
    let wrong = listed.difference(&expected).collect::<Vec<_>>();
    assert!(wrong.is_empty(), "remove or correct these rows of docs/workshop.md: {wrong:#?}");
}

#[test]
fn each_exercise_has_a_hint_a_lesson_a_solution_and_a_short_check() {
    for name in examples() {
        let folder = root().join(&name);
        let chapter = read(&folder.join("README.md"));
        let count = exercises(&name).len();
        for part in ["<details><summary>Hint</summary>", "*You"] {
            assert_eq!(chapter.matches(part).count(), count, "{part} in {name}/README.md");
        }
        let solutions = inside(&folder.join("solutions")).count();
        assert_eq!(solutions, count, "one patch per exercise in {name}/solutions");
        for check in inside(&folder.join("tests/exercises")) {
            let lines = read(&check).lines().count();
            let long = lines > 60 && !check.ends_with("main.rs");
            assert!(!long, "{} has {lines} lines; at most 60 are allowed", check.display());
        }
    }
}

#[test]
fn every_chapter_has_the_command_of_each_exercise() {
    for name in examples() {
        let chapter = read(&root().join(&name).join("README.md"));
        for number in exercises(&name) {
            let command = format!(
                "cargo test -p {name} --test exercises -- --ignored exercise_{number}\n"
            );
            assert!(chapter.contains(&command), "add `{command}` to {name}/README.md");
        }
    }
}

#[test]
fn a_chapter_has_at_most_200_lines_without_its_transcripts() {
    for name in examples() {
        let chapter = read(&root().join(&name).join("README.md"));
        let mut transcript = false;
        let counted = chapter.lines().filter(|line| {
            transcript |= line.starts_with("```console");
            let counts = !transcript;
            transcript &= *line != "```";
            counts
        });
        let lines = counted.count();
        assert!(lines <= 200, "{name}/README.md has {lines} lines");
    }
}

#[test]
fn an_example_has_at_most_600_lines_and_a_library_1300() {
    for name in examples() {
        assert!(lines(&root().join(&name).join("src")) <= 600, "{name}");
    }
    for library in inside(&root().join("crates")) {
        assert!(lines(&library.join("src")) <= 1_300, "{}", library.display());
    }
}

fn lines(folder: &Path) -> usize {
    let count = |path: PathBuf| {
        if path.is_dir() { lines(&path) } else { read(&path).lines().count() }
    };
    inside(folder).map(count).sum()
}
