//! A status as gRPC writes it.

use tonic::Status;

/// The status in one line, its code in the specification's spelling:
/// `NOT_FOUND: product "no-such-id" does not exist`.
///
/// (tonic has the codes in Rust's spelling, `NotFound`, and their descriptions in prose.)
#[must_use]
pub fn describe(status: &Status) -> String {
    let mut line = String::new();
    for letter in format!("{:?}", status.code()).chars() {
        if letter.is_ascii_uppercase() && !line.is_empty() {
            line.push('_');
        }
        line.push(letter.to_ascii_uppercase());
    }
    if !status.message().is_empty() {
        line.push_str(": ");
        line.push_str(status.message());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::describe;
    use tonic::{Code, Status};

    #[test]
    fn every_code_is_spelled_as_in_the_specification() {
        let names = (0..=16).map(|code| describe(&Status::new(Code::from(code), "")));
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
}
