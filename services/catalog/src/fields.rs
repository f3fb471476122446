//! Checks of the fields that many nouns have.

use contracts::catalog::Resource;
use kernel::Check;

/// The most links a list of them may hold.
const LINKS: usize = 100;

/// A name.
pub(crate) fn name(check: &mut Check, name: &str) {
    check.line("/name", name, 1, 255);
}

/// A description, up to 5,000 characters.
pub(crate) fn description(check: &mut Check, description: Option<&str>) {
    check.optional_text("/description", description, 5_000);
}

/// The caller's own key.
pub(crate) fn external_key(check: &mut Check, key: Option<&str>) {
    if let Some(key) = key {
        check.text("/externalKey", key, 1, 200);
    }
}

/// A place in a list that its author numbers freely.
pub(crate) fn display_order(check: &mut Check, order: i32) {
    check.that(order >= 1, "/displayOrder", "OUT_OF_RANGE", || format!("is {order}; places start at 1"));
}

/// Labelled links.
pub(crate) fn resources(check: &mut Check, resources: &[Resource]) {
    few(check, "/resources", resources);
    for (index, resource) in resources.iter().enumerate() {
        check.text(&format!("/resources/{index}/label"), &resource.label, 1, 255);
        check.url(&format!("/resources/{index}/url"), &resource.url);
    }
}

/// Plain links.
pub(crate) fn urls(check: &mut Check, pointer: &str, urls: &[String]) {
    few(check, pointer, urls);
    for (index, url) in urls.iter().enumerate() {
        check.url(&format!("{pointer}/{index}"), url);
    }
}

fn few<T>(check: &mut Check, pointer: &str, links: &[T]) {
    check
        .that(links.len() <= LINKS, pointer, "TOO_MANY", || format!("has {} links; give {LINKS} at most", links.len()));
}
