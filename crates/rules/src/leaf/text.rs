//! Text compared with a pattern.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};

/// Largest compiled regular expression, in bytes. Matching is linear in the text, but the factor grows with
/// this size: the bound keeps one author's pattern from slowing everybody's evaluation. A pattern for e-mail addresses fits.
const REGEX_SIZE_LIMIT: usize = 1 << 18;

/// Texts that many everyday regular expressions accept or refuse.
const SAMPLES: [&str; 6] = ["sample", "Sample-1", "1", "1.2.3", "user@example.com", ""];

/// What a pattern is held against the text as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextMode {
    /// The text is the pattern.
    Exact,
    /// The pattern occurs in the text.
    Contains,
    /// The pattern, a regular expression, matches somewhere in the text.
    Regex,
}

/// A pattern, ready to be held against texts.
#[derive(Debug, Clone)]
pub(crate) struct TextMatch {
    pattern: String,
    case_sensitive: bool,
    matcher: Matcher,
}

/// The pattern in the form that matching needs: literals folded to lower case unless the case matters.
#[derive(Debug, Clone)]
enum Matcher {
    Exact(String),
    Contains(String),
    Regex(Regex),
}

impl TextMatch {
    /// Whether it is a regular expression.
    pub(crate) fn is_pattern(&self) -> bool {
        self.mode() == TextMode::Regex
    }

    /// Prepares a pattern; fails only for a regular expression that is invalid or too large.
    pub(crate) fn new(mode: TextMode, pattern: String, case_sensitive: bool) -> Result<Self, regex::Error> {
        let matcher = match mode {
            TextMode::Exact => Matcher::Exact(folded(&pattern, case_sensitive).into_owned()),
            TextMode::Contains => Matcher::Contains(folded(&pattern, case_sensitive).into_owned()),
            TextMode::Regex => Matcher::Regex(
                RegexBuilder::new(&pattern)
                    .case_insensitive(!case_sensitive)
                    .size_limit(REGEX_SIZE_LIMIT)
                    .dfa_size_limit(REGEX_SIZE_LIMIT)
                    .build()?,
            ),
        };
        Ok(Self { pattern, case_sensitive, matcher })
    }

    /// How the pattern is used.
    pub(crate) fn mode(&self) -> TextMode {
        match self.matcher {
            Matcher::Exact(_) => TextMode::Exact,
            Matcher::Contains(_) => TextMode::Contains,
            Matcher::Regex(_) => TextMode::Regex,
        }
    }

    /// The pattern as its author wrote it.
    pub(crate) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether upper and lower case differ.
    pub(crate) fn case_sensitive(&self) -> bool {
        self.case_sensitive
    }

    /// Whether `text` has the form the pattern asks for.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Exact(literal) => folded(text, self.case_sensitive) == *literal,
            Matcher::Contains(literal) => folded(text, self.case_sensitive).contains(literal),
            Matcher::Regex(regex) => regex.is_match(text),
        }
    }

    /// The test as it ends a sentence, affirmed or denied: `does not contain "x"`.
    pub(crate) fn in_words(&self, met: bool) -> String {
        let verb = match (self.mode(), met) {
            (TextMode::Exact, true) => "is",
            (TextMode::Exact, false) => "is not",
            (TextMode::Contains, true) => "contains",
            (TextMode::Contains, false) => "does not contain",
            (TextMode::Regex, true) => "matches",
            (TextMode::Regex, false) => "does not match",
        };
        let case = if self.case_sensitive { " in the same case" } else { "" };
        format!("{verb} {:?}{case}", self.pattern)
    }

    /// The pattern itself, and as the text that a mostly literal regular expression stands for; then samples.
    pub(crate) fn candidates(&self) -> Vec<Value> {
        let unescaped = self.pattern.trim_start_matches('^').trim_end_matches('$').replace('\\', "");
        let own = [self.pattern.as_str(), unescaped.as_str()];
        own.into_iter().chain(SAMPLES).map(|text| json!(text)).collect()
    }
}

/// Two patterns are equal when their authors wrote the same; the compiled form follows from that.
impl PartialEq for TextMatch {
    fn eq(&self, other: &Self) -> bool {
        (self.mode(), &self.pattern, self.case_sensitive) == (other.mode(), &other.pattern, other.case_sensitive)
    }
}

fn folded(text: &str, case_sensitive: bool) -> Cow<'_, str> {
    if case_sensitive { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}
