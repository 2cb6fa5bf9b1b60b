//! Checks that a quoted excerpt is still in the file that it names.

use std::{fs, path::Path};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Checks the excerpts of a `page`: each block `rust FILE`, with the path of FILE from the page's folder.
/// FILE must contain the block's lines one after the other. Their indentation may differ, and `// ...`
/// means any number of lines.
///
/// A page may also have commands (`sh`), diagrams, and `rust sketch`, which is code from no file.
pub fn check_excerpts(page: &Path) {
    let folder = page.parent().expect("a page is in a folder");
    for (info, text) in blocks(&read(page)) {
        match info.split_whitespace().collect::<Vec<_>>()[..] {
            ["rust", "sketch"] | ["sh" | "mermaid"] => {}
            // The front page repeats a transcript of a chapter, whose test runs the command.
            ["console", ..] if text.starts_with("$ cargo run -p ") => {
                let name = text.split_whitespace().nth(4).unwrap_or_default();
                let chapter = read(&folder.join(name).join("README.md"));
                assert!(
                    blocks(&chapter).iter().any(|(_, block)| *block == text),
                    "{}: copy the transcript of {name}/README.md",
                    page.display()
                );
            }
            ["rust" | "toml" | "proto", file] => {
                check_excerpt(&text, file, &read(&folder.join(file)));
            }
            _ => panic!("{}: a block that no test checks: ```{info}", page.display()),
        }
    }
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The checks of a package's exercises, which are the files of `tests/exercises`. Empty without
/// exercises.
#[must_use]
pub fn exercises(package: &Path) -> String {
    let Ok(folder) = package.join("tests/exercises").read_dir() else { return String::new() };
    folder.map(|file| read(&file.expect("it can be read").path())).collect()
}

/// The fenced code blocks, each with the text behind its opening fence.
#[must_use]
pub fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut block = None;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                block = Some((info.to_string(), String::new()));
            }
            Event::Text(text) => {
                if let Some((_, block)) = &mut block {
                    block.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(block.take()),
            _ => {}
        }
    }
    blocks
}

/// Asserts that `file` contains the lines of `excerpt` one after the other. Their indentation may
/// differ, and a line `// ...` means any number of lines.
pub(crate) fn check_excerpt(excerpt: &str, name: &str, file: &str) {
    let file = file.lines().map(str::trim).collect::<Vec<_>>();
    let excerpt_lines = excerpt.lines().map(str::trim).collect::<Vec<_>>();
    let mut rest = &file[..];
    for part in excerpt_lines.split(|line| *line == "// ...") {
        let found = rest.windows(part.len().max(1)).position(|lines| lines == part);
        match found {
            Some(at) => rest = &rest[at + part.len()..],
            None if part.is_empty() => {}
            None => panic!("update the excerpt, which {name} does not contain:\n{excerpt}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_excerpt;

    const FILE: &str = "fn a() {\n    one();\n    two();\n    three();\n}\n";

    #[test]
    fn an_excerpt_may_be_indented_otherwise_and_leave_lines_out() {
        check_excerpt("one();\ntwo();\n", "FILE", FILE);
        check_excerpt("fn a() {\n  one();\n  // ...\n}\n", "FILE", FILE);
    }

    #[test]
    #[should_panic(expected = "which FILE does not contain")]
    fn an_excerpt_that_leaves_a_line_out_unsaid_is_found() {
        check_excerpt("one();\nthree();\n", "FILE", FILE);
    }

    #[test]
    #[should_panic(expected = "which FILE does not contain")]
    fn an_excerpt_in_another_order_is_found() {
        check_excerpt("two();\n// ...\none();\n", "FILE", FILE);
    }
}
