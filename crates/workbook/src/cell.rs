//! One cell, whatever kind of file it stands in.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::sheet::Form;

/// What a cell holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Cell {
    /// Nothing.
    #[default]
    Blank,
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// Several texts: a list in JSON, text that its [`Form`] joins elsewhere.
    List(Vec<String>),
    /// Something that is not a value, with what it is.
    Broken(String),
}

impl Cell {
    /// Text, or nothing when it is empty.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Blank } else { Self::Text(text) }
    }

    /// As [`Cell::text`], for a text that may be missing.
    pub(crate) fn optional(text: Option<&str>) -> Self {
        text.map_or(Self::Blank, Self::text)
    }

    /// An id, or nothing for what has none yet.
    pub(crate) fn id(id: Option<impl ToString>) -> Self {
        id.map_or(Self::Blank, |id| Self::Text(id.to_string()))
    }

    /// A list, or nothing when it is empty.
    pub(crate) fn list(items: &[String]) -> Self {
        if items.is_empty() { Self::Blank } else { Self::List(items.to_vec()) }
    }

    /// A whole number, or nothing.
    pub(crate) fn whole(number: Option<i32>) -> Self {
        number.map_or(Self::Blank, |number| Self::Number(number.into()))
    }

    /// Whether a person would call it empty.
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Blank => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Number(_) | Self::Flag(_) | Self::Broken(_) => false,
        }
    }

    /// How many bytes of text it keeps.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Broken(text) => text.len(),
            Self::List(items) => items.iter().map(|item| item.len() + size_of::<String>()).sum(),
            Self::Blank | Self::Number(_) | Self::Flag(_) => 0,
        }
    }

    /// The cell as text that its form reads again.
    pub(crate) fn shown(&self, form: Form) -> Cow<'_, str> {
        match self {
            Self::Blank => "".into(),
            Self::Text(text) | Self::Broken(text) => text.into(),
            Self::Number(number) => number.to_string().into(),
            Self::Flag(true) => "true".into(),
            Self::Flag(false) => "false".into(),
            Self::List(items) if form == Form::Lines => items.join("\n").into(),
            Self::List(items) => items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", ").into(),
        }
    }

    /// The items of a list, however it is written.
    pub(crate) fn items(&self, form: Form) -> Vec<String> {
        let items = match self {
            Self::List(items) => items.clone(),
            other if form == Form::Lines => other.shown(form).lines().map(str::to_owned).collect(),
            other => unquoted(&other.shown(form)),
        };
        items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }

    /// Whether both say the same: nothing is empty text, a list has no order, and a line ends as it likes.
    pub(crate) fn says(&self, other: &Self, form: Form) -> bool {
        match form {
            Form::Lines | Form::Names => {
                let (mut these, mut those) = (self.items(form), other.items(form));
                these.sort_unstable();
                those.sort_unstable();
                these == those
            }
            Form::Color => self.shown(form).eq_ignore_ascii_case(&other.shown(form)),
            _ => unix(&self.shown(form)) == unix(&other.shown(form)),
        }
    }

    /// The cell as JSON has it.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Blank => Value::Null,
            Self::Text(text) | Self::Broken(text) => json!(text),
            Self::Number(number) => json_number(*number),
            Self::Flag(flag) => json!(flag),
            Self::List(items) => json!(items),
        }
    }

    /// A cell from JSON.
    pub(crate) fn of_json(value: Value, form: Form) -> Self {
        match value {
            Value::Array(_) | Value::Object(_) if form == Form::Json => Self::Text(value.to_string()),
            Value::Null => Self::Blank,
            Value::Bool(flag) => Self::Flag(flag),
            Value::Number(number) => number.as_f64().map_or(Self::Text(number.to_string()), Self::Number),
            Value::String(text) => Self::text(text),
            Value::Array(items) if matches!(form, Form::Lines | Form::Names) => {
                let text = |item| if let Value::String(text) = item { Some(text) } else { None };
                let texts: Option<_> = items.into_iter().map(text).collect();
                texts.map_or_else(|| Self::Broken("a list of something else than texts".to_owned()), Self::List)
            }
            Value::Array(_) => Self::Broken("a list".to_owned()),
            Value::Object(_) => Self::Broken("an object".to_owned()),
        }
    }
}

/// A number as a person writes it: `5`, not `5.0`.
fn json_number(number: f64) -> Value {
    number.to_string().parse::<i64>().map_or_else(|_| json!(number), |whole| json!(whole))
}

/// The text with `\n` at the end of its lines.
pub(crate) fn unix(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text.into() }
}

/// A name that can stand in a list of names.
fn quoted(name: &str) -> Cow<'_, str> {
    if name.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\"")).into()
    } else {
        name.into()
    }
}

/// The names of a list: `Speed, "Faster, cheaper"`. A quotation mark inside a name stands for itself.
fn unquoted(list: &str) -> Vec<String> {
    let (mut names, mut name, mut inside) = (Vec::new(), String::new(), false);
    let mut rest = list.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if inside && rest.peek() == Some(&'"') => {
                rest.next();
                name.push('"');
            }
            '"' if inside => inside = false,
            '"' if name.trim().is_empty() => {
                name.clear();
                inside = true;
            }
            ',' if !inside => names.push(std::mem::take(&mut name)),
            _ => name.push(c),
        }
    }
    names.push(name);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_names_keeps_commas_and_quotes() {
        let names = ["Plain", "Faster, cheaper", "5\" screen", "\"quoted\"", "two\nlines"].map(str::to_owned);
        let written = Cell::List(names.to_vec()).shown(Form::Names).into_owned();
        assert_eq!(Cell::Text(written).items(Form::Names), names);
        assert_eq!(Cell::Text(" a ,, b,".into()).items(Form::Names), ["a", "b"]);
        assert_eq!(Cell::Text("a 5\" b, c".into()).items(Form::Names), ["a 5\" b", "c"]);
    }

    #[test]
    fn nothing_is_empty_text_and_a_list_has_no_order() {
        assert!(Cell::Blank.says(&Cell::Text(String::new()), Form::Long));
        assert!(Cell::Text("a\r\nb".into()).says(&Cell::Text("a\nb".into()), Form::Long));
        assert!(Cell::Text("a, b".into()).says(&Cell::List(vec!["b".into(), "a".into()]), Form::Names));
        assert!(Cell::Text("#ABCDEF".into()).says(&Cell::Text("#abcdef".into()), Form::Color));
        assert!(!Cell::Text("a".into()).says(&Cell::Text("A".into()), Form::Text));
    }
}
