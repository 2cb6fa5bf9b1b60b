//! The code on the pages is the workspace's, and the commands are about what is there.

use crate::{pages, read, root};

#[test]
fn what_a_page_quotes_stands_in_the_file_that_it_names() {
    // A chapter's blocks are read, and run, by the test of its example.
    for page in pages() {
        if !page.with_file_name("src/main.rs").exists() {
            testing::check_excerpts(&page);
        }
    }
}

/// What a command of cargo's names and would not find.
fn missing(command: &str) -> Option<&str> {
    let words = command.split_whitespace().collect::<Vec<_>>();
    let after = |flag: &str| {
        let at = words.iter().position(|word| *word == flag)?;
        words.get(at + 1).copied()
    };
    // A variable of the shell's stands for several.
    let package = after("-p").filter(|package| !package.starts_with('$'));
    let name = package.unwrap_or_default();
    let library = root().join("crates").join(name);
    let package = if library.join("Cargo.toml").exists() { library } else { root().join(name) };
    if !package.join("Cargo.toml").exists() {
        return after("-p");
    }
    let file = |folder: &str, name: &str| {
        let folder = package.join(folder);
        folder.join(format!("{name}.rs")).exists() || folder.join(name).join("main.rs").exists()
    };
    let test = after("--test").filter(|name| !file("tests", name));
    test.or(after("--bench").filter(|name| *name != "'*'" && !file("benches", name)))
}

#[test]
fn the_packages_tests_and_benchmarks_that_commands_name_are_there() {
    let mut count = 0;
    for page in pages() {
        let blocks = testing::blocks(&read(&page)).into_iter();
        for (_, text) in blocks.filter(|(info, _)| info == "sh") {
            for command in text.lines().filter(|line| line.contains("cargo ")) {
                count += 1;
                assert_eq!(missing(command), None, "{}: {command}", page.display());
            }
        }
    }
    assert!(count > 30, "only {count} commands were found");
}

#[test]
fn a_command_about_what_is_not_there_is_found() {
    assert_eq!(missing("cargo run -p no-package"), Some("no-package"));
    assert_eq!(missing("cargo test -p productinfo --test no-test"), Some("no-test"));
    assert_eq!(missing("cargo bench -p docs --bench no-bench"), Some("no-bench"));
}
