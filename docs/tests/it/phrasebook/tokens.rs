//! Splits code into tokens, so that formatting does not matter.

/// The words and signs of `code`, without comments, and without the comma that the formatter adds at the
/// end of a list.
pub(crate) fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for line in code.lines() {
        // Strings in these files have two slashes only in addresses.
        let line = line.split_once(" //").map_or(line, |(code, _)| code);
        let mut rest = if line.trim_start().starts_with("//") { "" } else { line };
        while let Some(first) = rest.chars().next() {
            let word =
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (token, more) = rest.split_at(word.max(first.len_utf8()));
            rest = more;
            if matches!(token, ")" | "]" | "}") && tokens.last() == Some(&",") {
                tokens.pop();
            }
            if !first.is_whitespace() {
                tokens.push(token);
            }
        }
    }
    tokens
}

/// Whether `code` contains the whole `expression`.
pub(crate) fn stands_in(code: &[&str], expression: &[&str]) -> bool {
    !expression.is_empty() && code.windows(expression.len()).any(|part| part == expression)
}

/// Whether each bracket is closed. Otherwise it is half an expression.
pub(crate) fn balanced(expression: &[&str]) -> bool {
    let count = |sign: &str| expression.iter().filter(|token| **token == sign).count();
    count("(") == count(")") && count("[") == count("]") && count("{") == count("}")
}

#[test]
fn an_expression_may_be_broken_into_lines() {
    assert_eq!(tokens("f(\n    a, // the first\n    b,\n)"), tokens("f(a, b)"));
}

#[test]
fn a_comment_is_ignored() {
    assert_eq!(tokens("    // f(a)\n"), [""; 0]);
}

#[test]
fn a_word_that_is_cut_or_joined_is_another_word() {
    let code = tokens("let mut items = order.items.len();");
    assert!(stands_in(&code, &tokens("order.items.len()")));
    assert!(!stands_in(&code, &tokens("tems.len()")));
    assert!(!stands_in(&code, &tokens("letmut items")));
}

#[test]
fn half_an_expression_is_not_balanced() {
    assert!(!balanced(&tokens("Ok(Response::new(id")));
}
