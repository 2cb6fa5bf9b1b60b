//! The pages of this folder quote code as it is. (Those of the examples are read by their own tests.)
#![cfg(unix)]

use crate::{pages, root};

#[test]
fn what_the_pages_of_this_folder_quote_stands_in_the_file_that_they_name() {
    let pages = pages().into_iter().filter(|page| page.starts_with(root().join("docs")));
    let pages = pages.collect::<Vec<_>>();
    assert!(pages.len() > 3, "only {pages:?} were found");
    for page in pages {
        testing::check_excerpts(&page);
    }
}
