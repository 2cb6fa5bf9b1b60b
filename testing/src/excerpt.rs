//! Whether a quoted excerpt still stands in the file that it names.

/// Asserts that the lines of `excerpt` stand in `file` one after the other, whatever their
/// indentation; a line `// ...` stands for any number of lines.
pub(crate) fn check_excerpt(excerpt: &str, name: &str, file: &str) {
    let file = file.lines().map(str::trim).collect::<Vec<_>>();
    let excerpt_lines = excerpt.lines().map(str::trim).collect::<Vec<_>>();
    let mut rest = &file[..];
    for part in excerpt_lines.split(|line| *line == "// ...") {
        let found = rest.windows(part.len().max(1)).position(|lines| lines == part);
        match found {
            Some(at) => rest = &rest[at + part.len()..],
            None if part.is_empty() => {}
            None => panic!("an excerpt does not stand in {name}:\n{excerpt}"),
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
    #[should_panic(expected = "does not stand in FILE")]
    fn an_excerpt_that_leaves_a_line_out_unsaid_is_found() {
        check_excerpt("one();\nthree();\n", "FILE", FILE);
    }

    #[test]
    #[should_panic(expected = "does not stand in FILE")]
    fn an_excerpt_in_another_order_is_found() {
        check_excerpt("two();\n// ...\none();\n", "FILE", FILE);
    }
}
