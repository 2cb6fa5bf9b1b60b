//! Status codes.

use http::StatusCode;
use wire::code::{
    self, CANCELLED, FAILED_PRECONDITION, INTERNAL, OK, PERMISSION_DENIED, RESOURCE_EXHAUSTED,
    UNAUTHENTICATED, UNAVAILABLE, UNIMPLEMENTED, UNKNOWN,
};

#[test]
fn every_code_has_the_name_of_the_specification() {
    assert_eq!(code::name(OK), Some("OK"));
    assert_eq!(code::name(FAILED_PRECONDITION), Some("FAILED_PRECONDITION"));
    assert_eq!(code::name(UNAUTHENTICATED), Some("UNAUTHENTICATED"));
    assert_eq!(code::name(17), None);
}

#[test]
fn an_http_status_becomes_the_code_that_the_specification_gives_it() {
    for (http, expected) in [
        (400, INTERNAL),
        (401, UNAUTHENTICATED),
        (403, PERMISSION_DENIED),
        (404, UNIMPLEMENTED),
        (429, UNAVAILABLE),
        (502, UNAVAILABLE),
        (503, UNAVAILABLE),
        (504, UNAVAILABLE),
        (200, UNKNOWN),
        (302, UNKNOWN),
        (500, UNKNOWN),
    ] {
        let status = StatusCode::from_u16(http).expect("it is an HTTP status");
        assert_eq!(code::from_http(status), expected, "{http}");
    }
}

#[test]
fn a_reset_becomes_the_code_that_the_specification_gives_it() {
    for (reason, expected) in [
        (0, INTERNAL),
        (7, UNAVAILABLE),
        (8, CANCELLED),
        (11, RESOURCE_EXHAUSTED),
        (12, PERMISSION_DENIED),
        (99, INTERNAL),
    ] {
        assert_eq!(code::from_reset(reason), expected, "{reason}");
    }
}
