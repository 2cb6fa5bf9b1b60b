//! Addresses, statuses and lines, as a reader types or sees them.

use launcher::{check_addr as check, code_name, describe, one_line};
use tonic::{Code, Status};

#[test]
fn names_and_ip_addresses_with_a_port_are_addresses() {
    for addr in ["127.0.0.1:50051", "localhost:0", "[::1]:65535", "my-host.example:1"] {
        assert!(check(addr).is_ok(), "{addr}");
    }
}

#[test]
fn what_has_no_host_or_no_port_is_refused_with_the_reason() {
    for (addr, reason) in [
        ("localhost", "missing port"),
        ("localhost:grpc", "must be a number"),
        ("localhost:65536", "must be a number"),
        ("localhost:+50051", "must be a number"),
        (":50051", "missing host"),
        ("::1:50051", "needs brackets"),
        ("[localhost]:50051", "do not contain an IPv6"),
        ("http://localhost:50051", "scheme"),
        ("two words:50051", "neither a name nor"),
    ] {
        let error = check(addr).expect_err(addr).to_string();
        assert!(error.contains(reason), "{addr}: {error}");
    }
}

#[test]
fn every_code_is_spelled_as_in_the_specification() {
    let names = (0..=16).map(|code| code_name(Code::from(code)));
    assert_eq!(
        names.collect::<Vec<_>>().join(" "),
        "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS \
         PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE \
         UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"
    );
}

#[test]
fn the_message_follows_the_code() {
    assert_eq!(describe(&Status::not_found("no such thing")), "NOT_FOUND: no such thing");
}

#[test]
fn a_long_text_is_cut_off() {
    assert_eq!(one_line(&"상".repeat(1_000)), "상".repeat(1_000));
    assert_eq!(one_line(&"상".repeat(1_001)), "상".repeat(1_000) + "…");
    assert_eq!(one_line(&"상".repeat(2_000)), "상".repeat(1_000) + "…");
}

#[test]
fn a_text_cannot_leave_its_line() {
    assert_eq!(one_line("one\ntwo \u{1b}[2J \u{c0c1}"), "one\\ntwo \\u{1b}[2J \u{c0c1}");
}
