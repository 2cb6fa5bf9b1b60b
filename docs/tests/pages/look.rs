//! The chapters have one look, and can be found.

use pulldown_cmark::HeadingLevel;

use crate::{chapter, examples, headings, pages, read, root};

/// Below the title, in this order; a chapter may have more below these.
const HEADINGS: [&str; 5] =
    ["Try it", "What happens", "In the code", "Coming from Go or Java", "Extend it"];

#[test]
fn every_chapter_has_the_same_headings() {
    let examples = examples();
    assert!(examples.len() > 5, "only {examples:?} were found");
    for name in examples {
        let second = headings(&chapter(&name)).into_iter();
        let second = second.filter(|(level, _)| *level == HeadingLevel::H2);
        assert_eq!(second.map(|(_, text)| text).collect::<Vec<_>>(), HEADINGS, "{name}");
    }
}

#[test]
fn the_title_of_a_chapter_begins_with_the_name_to_run_it_by() {
    for name in examples() {
        let (_, title) = headings(&chapter(&name)).remove(0);
        assert!(title.starts_with(&format!("{name}: ")), "{name}: {title}");
    }
}

#[test]
fn every_chapter_is_on_the_map() {
    let map = read(&root().join("README.md"));
    for name in examples() {
        assert!(map.contains(&format!("]({name})")), "{name}");
    }
}

#[test]
fn every_chapter_and_every_page_is_in_the_reading_order() {
    let order = read(&root().join("docs/README.md"));
    for name in examples() {
        assert!(order.contains(&format!("](../{name}/README.md)")), "{name}");
    }
    for page in pages().into_iter().filter(|page| page.starts_with(root().join("docs"))) {
        let name = page.file_name().unwrap().to_string_lossy();
        assert!(name == "README.md" || order.contains(&format!("]({name})")), "{name}");
    }
}
