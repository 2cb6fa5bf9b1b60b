//! Every link leads to a file of the workspace, and to a heading in it.

use std::{collections::HashMap, path::Path};

use pulldown_cmark::{BrokenLink, CowStr, Event, Options, Parser, Tag};

use crate::{headings, pages, read, root};

/// The anchor that GitHub gives a heading. A link can end in `#` and this anchor.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The anchors of a page. A repeated heading gets a number.
fn anchors(text: &str) -> Vec<String> {
    let mut seen = HashMap::<String, usize>::new();
    let mut number = |heading: String| {
        let anchor = anchor(&heading);
        let count = seen.entry(anchor.clone()).and_modify(|count| *count += 1).or_default();
        if *count == 0 { anchor } else { format!("{anchor}-{count}") }
    };
    headings(text).into_iter().map(|(_, heading)| number(heading)).collect()
}

/// The targets of the links and images of a page. Brackets without a definition count as a broken link.
fn targets(text: &str) -> Vec<String> {
    let mut undefined =
        |_: BrokenLink<'_>| Some((CowStr::from("no-definition"), CowStr::from("")));
    let parser = Parser::new_with_broken_link_callback(
        text,
        Options::ENABLE_TABLES,
        Some(&mut undefined),
    );
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url)
        }
        // A link in HTML would not be seen. Comments and folded hints have none.
        Event::Html(html) | Event::InlineHtml(html) if !is_plain(&html) => Some(html),
        _ => None,
    };
    parser.filter_map(target).map(CowStr::into_string).collect()
}

/// Whether a piece of HTML cannot have a link.
fn is_plain(html: &str) -> bool {
    ["<!--", "<details>", "</details>"].iter().any(|start| html.starts_with(start))
        && !html.contains("href")
}

/// Why a link of `page` leads nowhere.
fn wrong(page: &Path, target: &str) -> Option<&'static str> {
    // Other sites cannot be checked without a network. The last is where GitHub shows the CI.
    if target.starts_with("https://") || target.starts_with("../../actions/") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = page.parent().expect("a page is in a folder");
    let file = if file.is_empty() { page.to_owned() } else { folder.join(file) };
    let root = root().canonicalize().expect("it is there");
    let Ok(file) = file.canonicalize() else {
        return Some("there is no such file");
    };
    if target.is_empty() || !file.starts_with(&root) || file.starts_with(root.join("target")) {
        return Some("it leads out of the workspace");
    }
    if !target.contains('#') {
        return None;
    }
    let anchors = if file.is_file() { anchors(&read(&file)) } else { Vec::new() };
    (!anchors.iter().any(|known| known == anchor)).then_some("there is no such heading")
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_that_are_there() {
    let mut count = 0;
    let mut all_wrong = Vec::new();
    for page in pages() {
        for target in targets(&read(&page)) {
            count += 1;
            if let Some(why) = wrong(&page, &target) {
                all_wrong.push(format!("{}: {target}: {why}", page.display()));
            }
        }
    }
    assert!(count > 300, "only {count} links were found");
    assert!(all_wrong.is_empty(), "{all_wrong:#?}");
}

#[test]
fn links_are_found_in_prose_headings_tables_and_images() {
    let page =
        "# [a](1.md)\n\n[b](2.md#c) ![d](3.svg)\n\n| [e](4.md) |\n| --- |\n| [f](5.md) |\n";
    assert_eq!(targets(page), ["1.md", "2.md#c", "3.svg", "4.md", "5.md"]);
}

#[test]
fn brackets_without_a_link_are_found() {
    assert_eq!(targets("[a][b] [c] (d.md)"), ["no-definition", "no-definition"]);
    assert_eq!(targets("<a href=\"b.md\">c</a>"), ["<a href=\"b.md\">", "</a>"]);
}

#[test]
fn a_link_to_nothing_is_wrong() {
    let page = root().join("README.md");
    let nowhere =
        ["", "#", "no-such.md", "README.md#no-such", "docs#no-such", "../..", "/", "target"];
    for target in nowhere {
        assert!(wrong(&page, target).is_some(), "{target:?}");
    }
}

#[test]
fn a_link_to_a_heading_of_the_same_page_is_right() {
    assert_eq!(wrong(&root().join("README.md"), "#examples"), None);
}

#[test]
fn a_heading_has_the_anchor_that_github_gives_it() {
    let heading = "What `google.protobuf.StringValue` becomes";
    assert_eq!(anchor(heading), "what-googleprotobufstringvalue-becomes");
    assert_eq!(anchors("# One\n\n## Two\n\n## Two\n"), ["one", "two", "two-1"]);
}
