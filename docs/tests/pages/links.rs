//! Links lead somewhere: to a file of the workspace, and to a heading in it.

use std::{collections::HashMap, path::Path};

use pulldown_cmark::{BrokenLink, CowStr, Event, LinkType, Options, Parser, Tag};

use crate::{headings, pages, read, root};

/// What GitHub makes of a heading, so that a link can end in `#` and this.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The anchors of a page; a heading that stands there twice has a number the second time.
fn anchors(text: &str) -> Vec<String> {
    let mut seen = HashMap::<String, usize>::new();
    let number = |heading: String| {
        let anchor = anchor(&heading);
        let count = seen.entry(anchor.clone()).and_modify(|count| *count += 1).or_default();
        if *count == 0 { anchor } else { format!("{anchor}-{count}") }
    };
    headings(text).into_iter().map(number).collect()
}

/// Where the links and images of a page lead; a reference without a definition leads to nothing.
fn targets(text: &str) -> Vec<String> {
    let mut undefined = |link: BrokenLink<'_>| {
        let shortcut = link.link_type == LinkType::Shortcut;
        (!shortcut).then(|| (CowStr::from("no-definition"), CowStr::from("")))
    };
    let parser = Parser::new_with_broken_link_callback(
        text,
        Options::ENABLE_TABLES,
        Some(&mut undefined),
    );
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url)
        }
        _ => None,
    };
    parser.filter_map(target).map(CowStr::into_string).collect()
}

/// Why a link of `page` leads nowhere.
fn wrong(page: &Path, target: &str) -> Option<String> {
    if target.starts_with("https://") {
        // Whether it is still there cannot be known without a network.
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() { page.to_owned() } else { page.parent()?.join(file) };
    if !file.exists() {
        return Some("there is no such file".into());
    }
    let missing =
        !anchor.is_empty() && !anchors(&read(&file)).iter().any(|known| known == anchor);
    missing.then(|| "there is no such heading".into())
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
    assert!(count > 100, "only {count} links were found");
    assert!(all_wrong.is_empty(), "{all_wrong:#?}");
}

#[test]
fn a_link_to_nothing_is_found() {
    let page = root().join("README.md");
    assert_eq!(targets("[a](b.md#c) ![d](e.svg) [f][g]"), ["b.md#c", "e.svg", "no-definition"]);
    assert!(wrong(&page, "no-such-file.md").is_some());
    assert!(wrong(&page, "README.md#no-such-heading").is_some());
    assert!(wrong(&page, "#the-map").is_none());
}

#[test]
fn a_heading_has_the_anchor_that_github_gives_it() {
    assert_eq!(
        anchor("What `google.protobuf.StringValue` becomes"),
        "what-googleprotobufstringvalue-becomes"
    );
    assert_eq!(anchors("# One\n\n## Two\n\n## Two\n"), ["one", "two", "two-1"]);
}
