//! The language of the text for the user.

use error_details::language::Language;
use tonic::{
    Code, Request,
    metadata::{MetadataMap, MetadataValue},
};

use crate::details::{details, stub};

fn language(accepted: &str) -> Language {
    let mut metadata = MetadataMap::new();
    metadata.insert("accept-language", accepted.parse().unwrap());
    Language::of(&metadata)
}

#[test]
fn the_preferred_language_is_the_one_with_the_highest_weight() {
    for (accepted, expected) in [
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("KO", "ko"),
        ("fr, ko;q=0.5", "ko"),
        ("fr", "en"),
        ("ko;q=0.3, en;q=0.9", "en"),
        ("en;q=0.3, ko;q=0.9", "ko"),
        ("ko;q=0", "en"),
        (";;,=,q", "en"),
    ] {
        assert_eq!(language(accepted).tag(), expected, "{accepted}");
    }
}

#[test]
fn the_name_of_the_weight_ignores_case() {
    assert_eq!(language("ko;Q=1"), Language::Korean);
    assert_eq!(language("en;Q=0.5, ko;q=0.4"), Language::English);
}

#[test]
fn an_entry_whose_weight_is_not_a_number_from_0_to_1_is_ignored() {
    for weight in ["7", "inf", "-1", "nan", "lots", "", "1.001", "1;q=1"] {
        let accepted = format!("ko;q={weight}, en;q=0.1");
        assert_eq!(language(&accepted), Language::English, "{accepted}");
        let accepted = format!("en;q={weight}, ko;q=0.1");
        assert_eq!(language(&accepted), Language::Korean, "{accepted}");
    }
}

#[tokio::test]
async fn a_user_reads_the_preferred_language() {
    let mut request = Request::new("999".to_owned());
    request.metadata_mut().insert("accept-language", MetadataValue::from_static("ko"));
    let result = stub().await.get_order(request).await;
    let korean = details(result, Code::NotFound, "ORDER_NOT_FOUND");
    let message = korean.localized_message().unwrap();
    assert_eq!(message.locale, "ko");
    assert!(message.message.contains("주문"), "{}", message.message);
}

#[tokio::test]
async fn a_user_without_a_language_reads_english() {
    let result = stub().await.get_order("999".to_owned()).await;
    let details = details(result, Code::NotFound, "ORDER_NOT_FOUND");
    assert_eq!(details.localized_message().unwrap().locale, "en");
}
