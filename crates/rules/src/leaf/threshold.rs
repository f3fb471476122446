//! A number compared with a fixed one.

use std::fmt;

use serde_json::Value;

use crate::reading::number_json;

/// How a number stands to the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Greater,
    GreaterOrEqual,
    Equal,
    LessOrEqual,
    Less,
}

/// A comparison with a fixed, finite number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Threshold {
    pub(crate) comparison: Comparison,
    pub(crate) number: f64,
}

impl Threshold {
    /// Whether `number` is on the right side.
    pub(crate) fn holds(self, number: f64) -> bool {
        match self.comparison {
            Comparison::Greater => number > self.number,
            Comparison::GreaterOrEqual => number >= self.number,
            Comparison::Equal => number == self.number,
            Comparison::LessOrEqual => number <= self.number,
            Comparison::Less => number < self.number,
        }
    }

    /// The comparison as it ends a sentence: "at least 10".
    pub(crate) fn in_words(self) -> String {
        let words = match self.comparison {
            Comparison::Greater => "greater than",
            Comparison::GreaterOrEqual => "at least",
            Comparison::Equal => "equal to",
            Comparison::LessOrEqual => "at most",
            Comparison::Less => "less than",
        };
        format!("{words} {}", number_json(self.number))
    }

    /// The threshold and its neighbours; half steps too, for two thresholds that leave room for nothing else.
    pub(crate) fn candidates(self) -> Vec<Value> {
        [0.0, 1.0, -1.0, 0.5, -0.5].map(|step| number_json(self.number + step)).to_vec()
    }
}

/// The comparison in symbols: `>= 10`.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = match self.comparison {
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Equal => "=",
            Comparison::LessOrEqual => "<=",
            Comparison::Less => "<",
        };
        write!(f, "{symbol} {}", number_json(self.number))
    }
}
