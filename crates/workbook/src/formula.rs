//! What a spreadsheet takes for a formula.

/// Whether a spreadsheet would take this text for a formula if somebody typed it.
pub(crate) fn is_formula(text: &str) -> bool {
    text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// The text for a file without types: what would be a formula begins with an apostrophe.
pub(crate) fn harmless(text: &str) -> String {
    if is_formula(text) || text.starts_with('\'') { format!("'{text}") } else { text.to_owned() }
}

/// The text that [`harmless`] was given.
pub(crate) fn meant(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) || rest.starts_with('\'') || rest.is_empty() => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_and_all_come_back() {
        for text in ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1", "'", "''", "'=1", "'x", "x=1", "", "＝1"] {
            assert!(!is_formula(&harmless(text)), "{text}");
            assert_eq!(meant(&harmless(text)), text);
        }
        assert_eq!(meant("'tis"), "'tis");
    }
}
