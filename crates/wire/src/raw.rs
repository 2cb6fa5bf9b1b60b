//! Shows a protobuf message without its definition, much like `protoc --decode_raw`. Unlike `protoc`, it
//! prefers text to a nested message if the bytes could be either.

use crate::decode::{Malformed, Value, fields};

/// How deep messages may be nested. What is deeper is shown as bytes.
const MAX_DEPTH: usize = 16;

/// One line for each field, and several for a field that is a message. Fails if the bytes are not a
/// message.
pub fn lines(message: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut lines = Vec::new();
    write(message, 0, &mut lines)?;
    Ok(lines)
}

fn write(message: &[u8], depth: usize, lines: &mut Vec<String>) -> Result<(), Malformed> {
    let indent = "  ".repeat(depth);
    for field in fields(message) {
        let field = field?;
        let number = field.number;
        let line = match field.value {
            Value::Varint(value) => format!("{number}: {value}"),
            Value::Fixed32(bits) => {
                format!("{number}: {bits:#010x} (as a float {})", f32::from_bits(bits))
            }
            Value::Fixed64(bits) => {
                format!("{number}: {bits:#018x} (as a double {})", f64::from_bits(bits))
            }
            // The wire type does not say which of these it is. Bytes that are both text and a message
            // are more likely to be text.
            Value::LengthDelimited(bytes) => match text(bytes) {
                Some(text) => format!("{number}: {text:?}"),
                None if depth < MAX_DEPTH && is_message(bytes) => {
                    lines.push(format!("{indent}{number} {{"));
                    write(bytes, depth + 1, lines)?;
                    "}".to_owned()
                }
                None => format!("{number}: \"{}\"", bytes.escape_ascii()),
            },
            Value::Group(bytes) if depth < MAX_DEPTH => {
                lines.push(format!("{indent}{number} {{"));
                write(bytes, depth + 1, lines)?;
                "}".to_owned()
            }
            Value::Group(_) => format!("{number} {{...}}"),
        };
        lines.push(indent.clone() + &line);
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

fn is_message(bytes: &[u8]) -> bool {
    fields(bytes).all(|field| field.is_ok())
}
