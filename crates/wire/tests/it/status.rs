//! A status in headers and trailers.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use wire::{
    code::{INTERNAL, NOT_FOUND, OK, RESOURCE_EXHAUSTED, UNAVAILABLE, UNKNOWN},
    prefix::Malformed,
    status::{Status, is_grpc},
};

fn headers<const N: usize>(headers: [(&'static str, &'static [u8]); N]) -> HeaderMap {
    let header = |(name, value)| {
        let value = HeaderValue::from_bytes(value).expect("it is a value");
        (HeaderName::from_static(name), value)
    };
    headers.into_iter().map(header).collect()
}

#[test]
fn a_message_in_any_language_survives_the_trailers() {
    for message in ["", "없는 상품", " 100%\n", "%41", "\"quoted\" ~"] {
        let status = Status::new(NOT_FOUND, message);
        assert_eq!(Status::from_trailers(&status.to_trailers()), status);
    }
}

#[test]
fn a_message_is_percent_encoded_where_it_has_to_be_and_only_there() {
    let trailers = Status::new(NOT_FOUND, "\"é\" 5%").to_trailers();
    assert_eq!(trailers["grpc-message"], "\"%C3%A9\"%205%25");
    assert!(!Status::new(OK, "").to_trailers().contains_key("grpc-message"));
}

#[test]
fn a_missing_or_invalid_code_is_unknown() {
    let missing = Status::from_trailers(&HeaderMap::new());
    assert_eq!(missing, Status::new(UNKNOWN, "the response has no grpc-status"));
    for code in [&b""[..], b"x", b"-1", b"256", b"\xff"] {
        let trailers = headers([("grpc-status", code), ("grpc-message", b"why")]);
        assert_eq!(Status::from_trailers(&trailers), Status::new(UNKNOWN, "why"));
    }
}

#[test]
fn a_message_that_is_not_utf_8_does_not_hide_the_code() {
    let trailers = headers([("grpc-status", b"5"), ("grpc-message", b"a%FFb%zz\xff")]);
    let status = Status::from_trailers(&trailers);
    assert_eq!(status, Status::new(NOT_FOUND, "a\u{fffd}b%zz\u{fffd}"));
}

#[test]
fn the_headers_have_a_status_if_it_is_there_or_if_they_are_not_grpc() {
    let grpc = headers([("content-type", b"application/grpc+proto")]);
    assert_eq!(Status::from_headers(StatusCode::OK, &grpc), None);

    let html = headers([("content-type", b"text/html")]);
    let code =
        |status, headers| Status::from_headers(status, headers).map(|status| status.code);
    assert_eq!(code(StatusCode::OK, &html), Some(UNKNOWN));
    assert_eq!(code(StatusCode::BAD_GATEWAY, &html), Some(UNAVAILABLE));
    assert_eq!(code(StatusCode::BAD_GATEWAY, &grpc), Some(UNAVAILABLE));

    let only = headers([("grpc-status", b"8"), ("grpc-message", b"too%20much")]);
    let expected = Status::new(RESOURCE_EXHAUSTED, "too much");
    for http in [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE] {
        assert_eq!(Status::from_headers(http, &only), Some(expected.clone()), "{http}");
    }
}

#[test]
fn the_content_type_of_grpc_may_have_a_suffix_and_parameters() {
    for (value, expected) in [
        (&b"application/grpc"[..], true),
        (b"application/grpc+json", true),
        (b"application/grpc;charset=utf-8", true),
        (b"application/grpcish", false),
        (b"application/grpc-web", false),
        (b"text/html", false),
    ] {
        assert_eq!(is_grpc(&headers([("content-type", value)])), expected);
    }
    assert!(!is_grpc(&HeaderMap::new()));
}

#[test]
fn a_message_that_is_too_long_exhausts_a_resource_and_other_bytes_are_internal_errors() {
    assert_eq!(Status::from(Malformed::TooLong(9)).code, RESOURCE_EXHAUSTED);
    assert_eq!(Status::from(Malformed::Truncated).code, INTERNAL);
}

#[test]
fn a_status_is_shown_with_the_name_of_its_code() {
    assert_eq!(Status::new(NOT_FOUND, "no such id").to_string(), "NOT_FOUND: no such id");
    assert_eq!(Status::new(OK, "").to_string(), "OK");
    assert_eq!(Status::new(99, "").to_string(), "code 99");
}
