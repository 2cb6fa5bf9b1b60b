//! Which language a user is spoken to in.

use tonic::{Code, Request};

use super::{details, stub};

#[tokio::test]
async fn the_user_is_spoken_to_in_korean_or_english() {
    for (accepted, locale) in [
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("KO", "ko"),
        ("fr, ko;q=0.5", "ko"),
        ("fr", "en"),
        ("ko;q=0.3, en;q=0.9", "en"),
        ("en;q=0.3, ko;q=0.9", "ko"),
        ("ko;q=0", "en"),
        ("ko;q=lots", "en"),
        (";;,=,q", "en"),
    ] {
        let mut request = Request::new("999".to_owned());
        request.metadata_mut().insert("accept-language", accepted.parse().unwrap());
        let result = stub().await.get_order(request).await;
        let details = details(result, Code::NotFound, "ORDER_NOT_FOUND");
        let message = details.localized_message().unwrap();
        assert_eq!(message.locale, locale, "{accepted}");
        assert_eq!(message.message.contains("주문"), locale == "ko", "{accepted}");
    }
}

#[tokio::test]
async fn a_user_whose_language_is_not_told_is_spoken_to_in_english() {
    let result = stub().await.get_order("999".to_owned()).await;
    let details = details(result, Code::NotFound, "ORDER_NOT_FOUND");
    assert_eq!(details.localized_message().unwrap().locale, "en");
}
