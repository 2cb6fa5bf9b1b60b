//! 2. One more language.

use std::{io, time::Duration};

use error_details::{errors::OrderError, language::Language};
use tonic::metadata::MetadataMap;

fn language(accepted: &str) -> Language {
    let mut metadata = MetadataMap::new();
    metadata.insert("accept-language", accepted.parse().expect("it is ASCII"));
    Language::of(&metadata)
}

#[test]
#[ignore = "an exercise"]
fn exercise_2_a_german_user_reads_german() {
    for (accepted, tag) in
        [("de-AT", "de"), ("ko;q=0.5, de", "de"), ("de;q=0.1, ko", "ko"), ("del, ko", "ko")]
    {
        assert_eq!(
            language(accepted).tag(),
            tag,
            "{accepted:?} must select the language {tag:?}"
        );
    }

    // Not ASCII: a text from the caller is cut in characters.
    let long = "상".repeat(1_000);
    for error in [
        OrderError::Database(io::Error::other("down")),
        OrderError::Invalid(vec![]),
        OrderError::NotFound { id: long.clone() },
        OrderError::TooFast { wait: Duration::ZERO },
        OrderError::NotServed { town: long.clone() },
    ] {
        let german = error.localized(language("de"));
        for other in [Language::English, Language::Korean] {
            assert_ne!(
                german,
                error.localized(other),
                "every error must have a German text of its own"
            );
        }
        if let OrderError::NotFound { .. } | OrderError::NotServed { .. } = error {
            assert!(german.contains(&long[..300]), "the text must contain the id or the town");
            assert!(
                german.chars().count() < 300,
                "the id or the town must be cut to 100 characters"
            );
        }
    }
}
