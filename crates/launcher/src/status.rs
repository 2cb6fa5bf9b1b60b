//! A status as gRPC writes it, and an error at its root.

use std::{error::Error as StdError, iter};

use tonic::{Code, Status};

/// The reason why an example ended early. It is printed in one line.
pub type Error = Box<dyn StdError + Send + Sync>;

/// The code in the specification's spelling, `NOT_FOUND`. tonic has only Rust's, `NotFound`.
#[must_use]
pub fn code_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

/// The status in one line: `NOT_FOUND: product "no-such-id" does not exist`.
///
/// If tonic made it from an error of the connection, the root cause of that error follows the message.
#[must_use]
pub fn describe(status: &Status) -> String {
    let mut line = code_name(status.code());
    let cause = status.source().map(|error| root_cause(error).to_string()).unwrap_or_default();
    for part in [status.message(), &cause] {
        if !line.contains(part) {
            line.push_str(": ");
            line.push_str(part);
        }
    }
    line
}

/// The innermost source of an error: "Connection refused", for example, if the error itself is only
/// "transport error".
#[must_use]
pub fn root_cause<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    iter::successors(Some(error), |error| (**error).source()).last().unwrap_or(error)
}
