//! The notation of success criteria: the JSON in which catalog authors write a criterion.
//!
//! Two forms live side by side. The *typed* form says what it is (`{"type": "number_threshold", "operator":
//! "greater_than_or_equal", "threshold": 10}`) and is the one we write. The *short* form
//! (`{"operator": ">=", "value": 10}`) leans on the attribute's type and is what most catalogs contain. Both may
//! be mixed inside `composite_and` and `composite_or`, and either may arrive as text holding JSON.
//!
//! Parsing is where everything that can be wrong is found: all of it at once, each with its place.

mod error;
mod fields;
mod readers;
mod short;
mod typed;
mod words;
mod write;

use serde_json::{Map, Value};

pub use self::error::CriterionError;
use self::{
    error::{self as codes, Refusal},
    fields::Fields,
    words::Kind,
};
use crate::{
    criterion::{Criterion, Node},
    data_type::DataType,
    leaf::Leaf,
};

/// Deepest nesting of groups and leaves. People stop at three; the bound keeps recursion harmless.
const MAX_DEPTH: usize = 16;

/// Most nodes of one criterion, so that one evaluation stays cheap.
const MAX_NODES: usize = 200;

/// Most regular expressions among them: each takes time to compile, and memory.
const MAX_PATTERNS: usize = 10;

/// Most errors that are looked for: each may have been a large regular expression.
const MAX_ERRORS: usize = 20;

impl Criterion {
    /// Reads a success criterion for an attribute of type `data_type`, in the typed or the short form.
    ///
    /// On failure all errors are returned, not only the first.
    pub fn parse(json: &Value, data_type: DataType) -> Result<Self, Vec<CriterionError>> {
        let mut parser = Parser { data_type, nodes: 0, patterns: 0, errors: Vec::new() };
        match parser.criterion(json, "", 1) {
            Some(criterion) if parser.errors.is_empty() => Ok(criterion),
            _ => Err(parser.errors),
        }
    }

    /// Writes the criterion in the typed form; parsing the result gives the same criterion again.
    pub fn to_json(&self) -> Value {
        write::criterion(self)
    }
}

/// The state of one parse. Its functions return nothing only where they have left an error; where an error did
/// not keep a part from being read they return the part, and the error alone decides.
struct Parser {
    data_type: DataType,
    nodes: usize,
    patterns: usize,
    errors: Vec<CriterionError>,
}

impl Parser {
    fn criterion(&mut self, json: &Value, pointer: &str, depth: usize) -> Option<Criterion> {
        if self.errors.len() >= MAX_ERRORS {
            return None;
        }
        self.within_bounds(pointer, depth)?;
        match json {
            Value::Object(object) => self.object(object, pointer, depth),
            Value::String(text) => match serde_json::from_str(text) {
                Ok(Value::Object(object)) => self.object(&object, pointer, depth),
                Ok(_) => self.refuse(pointer, codes::not_an_object()),
                Err(error) => self.refuse(pointer, codes::text_not_json(&error)),
            },
            _ => self.refuse(pointer, codes::not_an_object()),
        }
    }

    /// Counts a node. Too many of them are reported once, at the first one too many.
    fn within_bounds(&mut self, pointer: &str, depth: usize) -> Option<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let first_too_many = self.nodes == MAX_NODES + 1;
            return if first_too_many { self.refuse(pointer, codes::too_large(MAX_NODES)) } else { None };
        }
        if depth > MAX_DEPTH {
            return self.refuse(pointer, codes::too_deep(MAX_DEPTH));
        }
        Some(())
    }

    fn object(&mut self, object: &Map<String, Value>, pointer: &str, depth: usize) -> Option<Criterion> {
        let mut fields = Fields::new(object, pointer);
        let description = fields.or("description", None, |value| readers::text(value).map(Some));
        let node = match fields.or("type", None, |value| words::KINDS.read(value).map(Some)) {
            Some(None) => short::leaf(&mut fields, self.data_type).map(Node::Leaf),
            Some(Some(Kind::Leaf(kind))) => typed::leaf(&mut fields, kind, self.data_type).map(Node::Leaf),
            Some(Some(Kind::All)) => self.children(&mut fields, depth).map(Node::All),
            Some(Some(Kind::Any)) => self.children(&mut fields, depth).map(Node::Any),
            None => None,
        };
        self.errors.extend(fields.into_errors());
        if matches!(&node, Some(Node::Leaf(Leaf::Text(text))) if text.is_pattern()) {
            self.patterns += 1;
            if self.patterns == MAX_PATTERNS + 1 {
                return self.refuse(pointer, codes::too_many_patterns(MAX_PATTERNS));
            }
        }
        Some(Criterion { description: description?, node: node? })
    }

    /// Reads every child before giving up on any, so that all their errors are reported.
    fn children(&mut self, fields: &mut Fields<'_>, depth: usize) -> Option<Vec<Criterion>> {
        fields.only(&["criteria"]);
        let children = fields.required("criteria", "a list of criteria", readers::list)?;
        let pointer = fields.pointer_to("criteria");
        let read = |(index, child)| self.criterion(child, &format!("{pointer}/{index}"), depth + 1);
        let read: Vec<Option<Criterion>> = children.iter().enumerate().map(read).collect();
        read.into_iter().collect()
    }

    fn refuse<T>(&mut self, pointer: &str, refusal: Refusal) -> Option<T> {
        self.errors.push(refusal.at(pointer.to_owned()));
        None
    }
}
