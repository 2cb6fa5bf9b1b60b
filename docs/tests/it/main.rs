//! Tests of the pages: their links, their code, and their statements about tonic.

mod claims;
mod code;
mod links;
mod listed;
mod own_service;
mod phrasebook;

use std::{
    fs,
    path::{Path, PathBuf},
};

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The folder of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is a member of a workspace")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("add {}: {error}", path.display()))
}

fn inside(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
}

/// Every Markdown file of the workspace.
fn pages() -> Vec<PathBuf> {
    let (mut pages, mut folders) = (Vec::new(), vec![root().to_owned()]);
    while let Some(folder) = folders.pop() {
        for path in inside(&folder) {
            let name = path.file_name().unwrap().to_string_lossy();
            let ours = !name.starts_with('.') && name != "target" && name != "vendor";
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            } else if path.is_dir() && ours {
                folders.push(path);
            }
        }
    }
    pages
}

/// The names of the examples.
fn examples() -> Vec<String> {
    let examples = inside(root()).filter(|folder| folder.join("src/main.rs").exists());
    let name = |folder: PathBuf| folder.file_name().unwrap().to_string_lossy().into_owned();
    examples.map(name).collect()
}

fn parse(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// The headings of a page, as plain text.
fn headings(text: &str) -> Vec<(HeadingLevel, String)> {
    let (mut headings, mut heading) = (Vec::new(), None);
    for event in parse(text) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((level, String::new())),
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, heading)) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => headings.extend(heading.take()),
            _ => {}
        }
    }
    headings
}
