//! The chapters have one look.

use crate::{chapters, headings, pages, read, root};

/// Below the title, in this order; a chapter may have more below these.
const HEADINGS: [&str; 5] =
    ["Try it", "What happens", "In the code", "Coming from Go or Java", "Extend it"];

#[test]
fn every_chapter_has_the_same_headings() {
    let chapters = chapters();
    assert!(chapters.len() > 5, "only {} were found", chapters.len());
    for (name, text) in chapters {
        let all = headings(&text);
        assert!(all[0].starts_with(&format!("{name}: ")), "{name}: {}", all[0]);
        let second = text.lines().filter_map(|line| line.strip_prefix("## "));
        assert_eq!(second.collect::<Vec<_>>(), HEADINGS, "{name}");
    }
}

#[test]
fn every_chapter_and_every_page_is_in_the_reading_order_and_every_chapter_on_the_map() {
    let order = read(&root().join("docs/README.md"));
    let map = read(&root().join("README.md"));
    for (name, _) in chapters() {
        assert!(order.contains(&format!("](../{name}/README.md)")), "docs/README.md: {name}");
        assert!(map.contains(&format!("]({name})")), "README.md: {name}");
    }
    for page in pages().into_iter().filter(|page| page.starts_with(root().join("docs"))) {
        let name = page.file_name().unwrap().to_string_lossy();
        let known = name == "README.md" || order.contains(&format!("]({name})"));
        assert!(known, "docs/README.md: {name}");
    }
}
