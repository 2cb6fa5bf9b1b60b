//! Every example, page and exercise is listed where readers look for it.

use pulldown_cmark::{Event, Tag};

use crate::{examples, pages, parse, read, root};

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

#[test]
fn the_plan_for_a_workshop_lists_every_exercise() {
    let plan = read(&root().join("docs/workshop.md"));
    for example in examples() {
        for number in exercises(&example) {
            let row = format!("| [{example} {number}](../{example}/README.md#extend-it) |");
            assert!(plan.contains(&row), "add a row `{row}` to docs/workshop.md");
        }
    }
}

#[test]
fn every_exercise_in_the_plan_has_a_check() {
    let plan = read(&root().join("docs/workshop.md"));
    for row in plan.lines().filter(|line| line.contains("/README.md#extend-it) |")) {
        let name = row.trim_start_matches("| [").split(']').next().unwrap();
        let (example, number) = name.split_once(' ').unwrap_or((name, ""));
        let known = exercises(example).iter().any(|known| known == number);
        assert!(
            known,
            "remove {name} from docs/workshop.md, or add `fn exercise_{number}_...`"
        );
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
