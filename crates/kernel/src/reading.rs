//! What serde says of data that does not fit, in words for people who do not write Rust.

/// The message without the names of Rust's types, and without the place in the text: the pointer says where.
#[must_use]
pub fn in_words(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    if message.starts_with("UUID parsing failed") {
        return "is not an id (a UUID)".to_owned();
    }
    match message {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            return "is not a whole number".to_owned();
        }
        "number too large to fit in target type" => return "is too large".to_owned(),
        // What is said of a day; moments have words of their own.
        "input contains invalid characters" | "premature end of input" | "trailing input" | "input is out of range" => {
            return "is no day, such as 2026-11-21".to_owned();
        }
        // Of a query parameter that takes one value.
        "unsupported value" => return "is given twice; give it once".to_owned(),
        _ => {}
    }
    let Some((got, wanted)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let wanted = match wanted {
        "f32" | "f64" => "a number",
        "i16" => "a whole number from -32768 to 32767",
        "i32" => "a whole number from -2147483648 to 2147483647",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i64" => "a whole number",
        "bool" | "a boolean" | r#""true", "on" or "false""# => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "a string" | "str" => "a text",
        other if other.starts_with("struct ") => "an object",
        other => other,
    };
    format!("{got}, expected {wanted}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_rust_are_not_told() {
        for (said, told) in [
            (
                r#"invalid type: string "5", expected f64 at line 1 column 3"#,
                r#"invalid type: string "5", expected a number"#,
            ),
            ("invalid type: integer `5`, expected struct Entry", "invalid type: integer `5`, expected an object"),
            (
                "invalid value: integer `-1`, expected u16",
                "invalid value: integer `-1`, expected a whole number from 0 to 65535",
            ),
            ("missing field `name`", "missing field `name`"),
            ("UUID parsing failed: invalid length: found 3", "is not an id (a UUID)"),
            (
                r#"invalid value: string "maybe", expected "true", "on" or "false""#,
                r#"invalid value: string "maybe", expected true or false"#,
            ),
            ("input contains invalid characters", "is no day, such as 2026-11-21"),
        ] {
            assert_eq!(in_words(said), told);
        }
    }
}
