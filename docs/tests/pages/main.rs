//! What the pages of the whole workspace promise each other: the READMEs, and what is in this folder.

mod excerpts;
mod links;
mod look;
mod workshop;

use std::{
    fs,
    path::{Path, PathBuf},
};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The folder of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is a member of a workspace")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Markdown file of the workspace.
fn pages() -> Vec<PathBuf> {
    let (mut pages, mut folders) = (Vec::new(), vec![root().to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            } else if path.is_dir()
                && !name.starts_with('.')
                && !matches!(&*name, "target" | "vendor")
            {
                folders.push(path);
            }
        }
    }
    pages
}

/// The chapters: the README of each example, with the example's name.
fn chapters() -> Vec<(String, String)> {
    let folders = pages().into_iter().filter(|page| page.ends_with("README.md"));
    let folders = folders.map(|page| page.parent().unwrap().to_owned());
    let examples = folders.filter(|folder| folder.join("src/main.rs").exists());
    let chapter = |folder: PathBuf| {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        (name, read(&folder.join("README.md")))
    };
    examples.map(chapter).collect()
}

fn parse(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// The headings of a page, as they are read.
fn headings(text: &str) -> Vec<String> {
    let (mut headings, mut heading) = (Vec::new(), None);
    for event in parse(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => headings.extend(heading.take()),
            _ => {}
        }
    }
    headings
}
