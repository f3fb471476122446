//! Which paths are passed on. A path that two servers could read differently is refused before anything is decided by it:
//! what the gateway checked must be what the service routes.

use kernel::Problem;
use kernel::problem::REQUEST_MALFORMED;

/// Refuses tricks: empty, `.` and `..` segments, parameters (`;`), backslashes, control characters, bytes beyond ASCII, and
/// the same in percent-encoding.
pub(crate) fn check(path: &str) -> Result<(), Problem> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err(REQUEST_MALFORMED.detail("The path begins with a slash."));
    };
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        // Only the last segment may be empty: `/` and a trailing slash are ordinary.
        let empty = segment.is_empty() && segments.peek().is_some();
        if empty || segment == "." || segment == ".." || !is_plain(segment.as_bytes()) {
            let how = "Each part of the path is one plain name: no empty, `.` or `..` part, no `;` or `\\`, and no \
                       percent-encoded `/`, `\\`, `.` or control character.";
            return Err(REQUEST_MALFORMED.detail(how));
        }
    }
    Ok(())
}

/// The first segment: the service that a path belongs to.
pub(crate) fn service(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

fn is_plain(segment: &[u8]) -> bool {
    let mut bytes = segment.iter();
    while let Some(byte) = bytes.next() {
        let plain = match byte {
            b'%' => match (hex(bytes.next()), hex(bytes.next())) {
                (Some(high), Some(low)) => !matches!(high << 4 | low, 0..=0x1f | 0x7f | b'/' | b'\\' | b'.'),
                _ => false,
            },
            b';' | b'\\' => false,
            byte => byte.is_ascii_graphic(),
        };
        if !plain {
            return false;
        }
    }
    true
}

fn hex(digit: Option<&u8>) -> Option<u8> {
    match digit? {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        digit @ b'a'..=b'f' => Some(digit - b'a' + 10),
        digit @ b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tricks_are_refused() {
        for path in [
            "",
            "*",
            "catalog",
            "//",
            "//catalog",
            "/catalog//v1",
            "/catalog/v1//",
            "/..",
            "/.",
            "/catalog/..",
            "/catalog/../identity",
            "/catalog/./v1",
            "/catalog/%2e%2e/identity",
            "/catalog/.%2E/identity",
            "/catalog%2fv1",
            "/catalog%2Fv1",
            "/catalog%5cv1",
            "/catalog%5Cv1",
            "/catalog\\v1",
            "/catalog;a=b/v1",
            "/catalog/v1;",
            "/catalog/%00",
            "/catalog/%0d%0a",
            "/catalog/%7F",
            "/catalog/\u{7f}",
            "/catalog/a b",
            "/catalog/é",
            "/catalog/%",
            "/catalog/%2",
            "/catalog/%zz",
            "/catalog/a%2e",
        ] {
            assert!(check(path).is_err(), "{path}");
        }
    }

    #[test]
    fn ordinary_paths_pass() {
        for path in [
            "/",
            "/catalog",
            "/catalog/",
            "/catalog/v1/products",
            "/catalog/v1/products/",
            "/a.b/..c/d..",
            "/catalog/v1/O'Brien",
            "/catalog/v1/a%20b",
            "/catalog/v1/%C3%A9",
            "/catalog/v1/%252e",
            "/catalog/v1/~a_b-c:d@e$&+,=!*()",
            "/catalog/%3B",
        ] {
            assert!(check(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn the_first_segment_names_the_service() {
        assert_eq!(service("/catalog/v1/products"), "catalog");
        assert_eq!(service("/catalog"), "catalog");
        assert_eq!(service("/"), "");
    }
}
