//! The header `grpc-timeout`.

use std::time::Duration;

use http::HeaderMap;
use wire::timeout;

#[test]
fn each_unit_is_read() {
    for (text, expected) in [
        ("2H", Duration::from_secs(7_200)),
        ("2M", Duration::from_secs(120)),
        ("2S", Duration::from_secs(2)),
        ("250m", Duration::from_millis(250)),
        ("1u", Duration::from_micros(1)),
        ("99999999n", Duration::from_nanos(99_999_999)),
        ("99999999H", Duration::from_secs(99_999_999 * 3_600)),
        ("0S", Duration::ZERO),
    ] {
        assert_eq!(timeout::parse(text), Some(expected), "{text}");
    }
}

#[test]
fn an_invalid_timeout_is_none() {
    for text in ["", "S", "1", "1s", "1 S", "+1S", "-1S", "1.5S", "100000000n", "1S ", "é"] {
        assert_eq!(timeout::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_timeout_is_written_in_the_finest_unit_that_fits() {
    for (duration, expected) in [
        (Duration::ZERO, "0n"),
        (Duration::from_nanos(99_999_999), "99999999n"),
        (Duration::from_secs(10), "10000000u"),
        (Duration::from_secs(100), "100000m"),
        (Duration::from_secs(100_000), "100000S"),
        (Duration::MAX, "99999999S"),
    ] {
        assert_eq!(timeout::format(duration), expected, "{duration:?}");
    }
}

#[test]
fn a_timeout_that_needs_more_digits_is_rounded_up() {
    for (nanos, expected) in [
        (99_999_999, "99999999n"),
        (100_000_000, "100000u"),
        (100_000_001, "100001u"),
        (99_999_999_001, "100000m"),
        (100_000_000_001, "100001m"),
        (99_999_999_000_001, "100000S"),
    ] {
        assert_eq!(timeout::format(Duration::from_nanos(nanos)), expected, "{nanos} ns");
    }
}

#[test]
fn the_header_of_a_request_is_read() {
    let mut headers = HeaderMap::new();
    assert_eq!(timeout::get(&headers), None);
    headers.insert(timeout::HEADER, timeout::format(Duration::from_secs(10)));
    assert_eq!(timeout::get(&headers), Some(Duration::from_secs(10)));
}
