//! The types a telemetry attribute can have, and which values each of them accepts.

use serde_json::Value;

use crate::reading::{self, Unreadable};

kernel::text_enum! {
    /// The type of a telemetry attribute.
    pub enum DataType {
        /// A flag: a boolean, a number or a word such as `"yes"`.
        Boolean = "BOOLEAN",
        /// A finite number, or text that is one.
        Number = "NUMBER",
        /// Text.
        String = "STRING",
        /// RFC 3339 text, a plain date or epoch milliseconds.
        Timestamp = "TIMESTAMP",
        /// Any JSON but null.
        Json = "JSON",
    }
}

kernel::text_enum! {
    /// What stands before the decimal places of a number in a table.
    pub enum DecimalSign {
        /// A point; commas may stand between thousands.
        Point = ".",
        /// A comma, or a point; nothing stands between thousands.
        Comma = ",",
    }
}

impl DataType {
    /// Says whether `value` may be stored for an attribute of this type.
    ///
    /// Null is refused for every type: a value that is not known is simply not sent. Acceptance is stricter
    /// than evaluation, which still reads `"12 GB"` as 12: old data is understood, new data is kept clean.
    pub fn check(self, value: &Value) -> Result<(), ValueError> {
        let readable = match (self, value) {
            (_, Value::Null) => Err(Unreadable::new(value, "a value; send nothing instead")),
            (Self::Boolean, _) => reading::flag(value).map(drop),
            (Self::Number, _) => reading::strict_number(value).map(drop),
            (Self::Timestamp, _) => reading::time(value).map(drop),
            (Self::String, Value::String(_)) | (Self::Json, _) => Ok(()),
            (Self::String, _) => Err(Unreadable::new(value, "text")),
        };
        readable.map_err(|why| ValueError { data_type: self, detail: why.to_string() })
    }

    /// A value of this type as a number: a flag is 1 or 0; texts, times and JSON are none.
    #[must_use]
    pub fn number(self, value: &Value) -> Option<f64> {
        match self {
            Self::Number => reading::strict_number(value).ok(),
            Self::Boolean => reading::flag(value).ok().map(|flag| f64::from(u8::from(flag))),
            Self::String | Self::Timestamp | Self::Json => None,
        }
    }

    /// The value that a cell of a table means for an attribute of this type: `1,250` and `45%` are numbers, a number of
    /// milliseconds is a time, and text is text, whatever it looks like.
    pub fn read(self, text: &str, sign: DecimalSign) -> Result<Value, ValueError> {
        let value = match self {
            Self::Boolean => reading::flag(&Value::from(text)).map(Value::Bool),
            Self::Number => reading::table_number(text, sign).map(reading::number_json),
            Self::String => Ok(Value::from(text)),
            Self::Timestamp => Ok(text.trim().parse::<i64>().map_or_else(|_| Value::from(text.trim()), Value::from)),
            Self::Json => serde_json::from_str(text).map_err(|_| Unreadable::new(&Value::from(text), "JSON")),
        };
        let value = value.map_err(|why| ValueError { data_type: self, detail: why.to_string() })?;
        self.check(&value).map(|()| value)
    }
}

/// A value that an attribute does not accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not acceptable for a {data_type} attribute: {detail}")]
pub struct ValueError {
    /// The type of the attribute that refused the value.
    pub data_type: DataType,
    /// What is wrong with the value, in one sentence that quotes it.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_type_accepts_its_own_values() {
        let accepted = [
            (DataType::Boolean, vec![json!(true), json!(0), json!(" Yes "), json!("off")]),
            (DataType::Number, vec![json!(1), json!(-2.5), json!(" 1e3 ")]),
            (DataType::String, vec![json!(""), json!("text")]),
            (DataType::Timestamp, vec![json!("2026-01-31T09:30:00+02:00"), json!("2026-01-31"), json!(0)]),
            (DataType::Json, vec![json!({}), json!([]), json!(1), json!("text")]),
        ];
        for (data_type, values) in accepted {
            for value in values {
                assert_eq!(data_type.check(&value), Ok(()), "{data_type} {value}");
            }
        }
    }

    #[test]
    fn each_type_refuses_what_it_cannot_read() {
        let refused = [
            (DataType::Boolean, vec![json!("maybe"), json!([]), json!({})]),
            (DataType::Number, vec![json!("12abc"), json!("NaN"), json!("1e999"), json!(true), json!("")]),
            (DataType::String, vec![json!(1), json!(false), json!({})]),
            (
                DataType::Timestamp,
                vec![json!("soon"), json!("2026-02-30"), json!(1e18), json!(300_000_000_000_000_u64)],
            ),
        ];
        for (data_type, values) in refused {
            for value in values {
                assert!(data_type.check(&value).is_err(), "{data_type} {value}");
            }
        }
    }

    #[test]
    fn a_cell_is_read_by_the_type_of_its_attribute() {
        for (data_type, text, value) in [
            (DataType::Boolean, " Yes", json!(true)),
            (DataType::Boolean, "0", json!(false)),
            (DataType::Number, "1,250", json!(1250)),
            (DataType::Number, "-1,234,567.5", json!(-1_234_567.5)),
            (DataType::Number, " 45 %", json!(45)),
            (DataType::Number, "1e3", json!(1000)),
            (DataType::String, "12", json!("12")),
            (DataType::Timestamp, "2026-01-31", json!("2026-01-31")),
            (DataType::Timestamp, "1767225600000", json!(1_767_225_600_000_i64)),
            (DataType::Json, "{\"a\": [1]}", json!({ "a": [1] })),
        ] {
            assert_eq!(data_type.read(text, DecimalSign::Point), Ok(value), "{data_type} {text}");
        }
        for (data_type, text) in [
            (DataType::Boolean, "perhaps"),
            (DataType::Number, "1,25"),
            (DataType::Number, "1,2500"),
            (DataType::Number, ",250"),
            (DataType::Number, "0,500"),
            (DataType::Number, "-012,500"),
            (DataType::Number, "%"),
            (DataType::Timestamp, "31/01/2026"),
            (DataType::Json, "{"),
            (DataType::Json, "null"),
        ] {
            assert!(data_type.read(text, DecimalSign::Point).is_err(), "{data_type} {text}");
        }
    }

    #[test]
    fn a_comma_may_be_the_decimal_sign() {
        let read = |data_type: DataType, text: &str| data_type.read(text, DecimalSign::Comma);
        for (text, value) in [
            ("0,500", json!(0.5)),
            ("1,250", json!(1.25)),
            (" -12,5 %", json!(-12.5)),
            ("12.5", json!(12.5)),
            ("1250", json!(1250)),
        ] {
            assert_eq!(read(DataType::Number, text), Ok(value), "{text}");
        }
        for text in ["1.250,5", "1,250.5", "1,234,567", ","] {
            let refused = read(DataType::Number, text).map_err(|error| error.detail);
            let why = format!("\"{text}\" is not a number (1250,5, with nothing between its thousands)");
            assert_eq!(refused, Err(why));
        }
        assert_eq!(read(DataType::String, "1,2"), Ok(json!("1,2")), "text is text");
    }

    #[test]
    fn null_is_refused_for_every_type() {
        for data_type in DataType::ALL {
            assert!(data_type.check(&Value::Null).is_err(), "{data_type}");
        }
    }

    #[test]
    fn a_type_is_read_from_its_own_word() {
        for &data_type in DataType::ALL {
            assert_eq!(data_type.to_string().parse(), Ok(data_type));
            assert_eq!(serde_json::to_value(data_type).ok(), Some(json!(data_type.as_str())));
        }
        assert!("DECIMAL".parse::<DataType>().is_err());
    }

    #[test]
    fn a_refusal_quotes_the_value() {
        let refusal = DataType::Number.check(&json!("12abc")).map_err(|error| error.to_string());
        assert_eq!(refusal, Err("not acceptable for a NUMBER attribute: \"12abc\" is not a number".to_owned()));
    }
}
