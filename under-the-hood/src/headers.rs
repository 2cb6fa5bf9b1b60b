//! The headers of a call (grpc/grpc, `doc/PROTOCOL-HTTP2.md`).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};

use crate::status::{
    INTERNAL, PERMISSION_DENIED, Status, UNAUTHENTICATED, UNAVAILABLE, UNIMPLEMENTED, UNKNOWN,
};

/// What a request's and a response's `content-type` starts with. `+proto` may follow, or `+json`.
pub const CONTENT_TYPE: &str = "application/grpc";

/// The headers of a request. Fails if the authority or the path cannot be part of a URI.
pub fn request(
    authority: &str,
    path: &str,
    timeout: Duration,
) -> Result<Request<()>, http::Error> {
    Request::builder()
        // Always, also for what only reads: a GET has no body, and may be cached or repeated.
        .method(Method::POST)
        // `:scheme`, `:authority` and `:path`. The path is /PACKAGE.SERVICE/METHOD, and is all that
        // a server knows of what is wanted.
        .uri(Uri::builder().scheme("http").authority(authority).path_and_query(path).build()?)
        .version(Version::HTTP_2)
        // The first, so that a server can begin to count.
        .header("grpc-timeout", grpc_timeout(timeout))
        // "I understand trailers." A proxy that does not know them must not pass this on, and so
        // the server finds out that it would not be understood.
        .header("te", "trailers")
        .header("content-type", CONTENT_TYPE)
        .header("user-agent", concat!("grpc-by-hand/", env!("CARGO_PKG_VERSION")))
        .body(())
}

/// A timeout: up to 8 digits and a unit, the finest that is enough for it.
fn grpc_timeout(timeout: Duration) -> String {
    let units =
        [(timeout.as_nanos(), "n"), (timeout.as_micros(), "u"), (timeout.as_millis(), "m")];
    match units.into_iter().find(|(number, _)| *number < 100_000_000) {
        Some((number, unit)) => format!("{number}{unit}"),
        None => format!("{}S", timeout.as_secs().min(99_999_999)),
    }
}

/// Reads a timeout. `None` if there is none, or none that can be understood.
#[must_use]
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.len() > 8 || !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number = number.parse::<u64>().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Whether the headers of a request or a response say that gRPC is spoken.
#[must_use]
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get("content-type").map(HeaderValue::as_bytes);
    let rest = content_type.and_then(|value| value.strip_prefix(CONTENT_TYPE.as_bytes()));
    matches!(rest, Some([] | [b'+' | b';', ..]))
}

/// Checks the headers of a response. Those of one that is not gRPC's come from a proxy, perhaps, and
/// become a status by their HTTP status, if they have no other (grpc/grpc, `doc/http-grpc-status-mapping.md`).
pub fn check_response<T>(response: &Response<T>) -> Result<(), Status> {
    if response.headers().contains_key("grpc-status") {
        return Ok(());
    }
    let code = match response.status() {
        StatusCode::OK if is_grpc(response.headers()) => return Ok(()),
        StatusCode::BAD_REQUEST => INTERNAL,
        StatusCode::UNAUTHORIZED => UNAUTHENTICATED,
        StatusCode::FORBIDDEN => PERMISSION_DENIED,
        StatusCode::NOT_FOUND => UNIMPLEMENTED,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => UNAVAILABLE,
        _ => UNKNOWN,
    };
    Err(Status::new(code, format!("this is not gRPC: HTTP status {}", response.status())))
}
