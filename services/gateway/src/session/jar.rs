//! The two cookies of a session: read, taken off a request, set and cleared.

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};

const ACCESS: &str = "cairn-access";
const REFRESH: &str = "cairn-refresh";
/// Browsers take a cookie of such a name over TLS only, and from nobody but this very host.
const HOST_ONLY: &str = "__Host-";

/// How the client's cookies are named and kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jar {
    /// The client came by TLS.
    pub(super) secure: bool,
}

/// What a request brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cookies {
    pub(super) access: Option<String>,
    pub(super) refresh: Option<String>,
}

impl Jar {
    /// Takes our cookies off a request: they are for the gateway only. Others' cookies stay.
    pub(super) fn take(self, headers: &mut HeaderMap) -> Cookies {
        let mut cookies = Cookies::default();
        if !headers.contains_key(COOKIE) {
            return cookies;
        }
        let lines: Vec<HeaderValue> = headers.remove(COOKIE).collect();
        let mut others = Vec::new();
        for line in &lines {
            let Ok(text) = line.to_str() else { continue };
            for (pair, (name, value)) in text.split(';').filter_map(|pair| Some((pair, pair.split_once('=')?))) {
                let name = name.trim();
                let bare = name.strip_prefix(HOST_ONLY).unwrap_or(name);
                let slot = match bare {
                    ACCESS => &mut cookies.access,
                    REFRESH => &mut cookies.refresh,
                    _ => {
                        others.push(pair.trim());
                        continue;
                    }
                };
                // Over TLS a cookie of the plain name may be anybody's who owns a neighbouring host.
                if name == self.name(bare) && slot.is_none() {
                    *slot = Some(value.trim().to_owned());
                }
            }
        }
        if let Some(value) = (!others.is_empty()).then(|| HeaderValue::try_from(others.join("; ")).ok()).flatten() {
            headers.insert(COOKIE, value);
        }
        cookies
    }

    /// The headers that hand both tokens to a browser, for as long as it stays open.
    pub(super) fn set(self, access: &str, refresh: &str) -> [Option<HeaderValue>; 2] {
        [(ACCESS, access), (REFRESH, refresh)].map(|(name, value)| self.cookie(name, value, ""))
    }

    /// The headers that take both away.
    pub(super) fn clear(self) -> [Option<HeaderValue>; 2] {
        [ACCESS, REFRESH].map(|name| self.cookie(name, "", "; Max-Age=0"))
    }

    fn cookie(self, name: &str, value: &str, more: &str) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}", self.name(name));
        HeaderValue::try_from(text).ok()
    }

    fn name(self, name: &str) -> String {
        if self.secure { format!("{HOST_ONLY}{name}") } else { name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(secure: bool, lines: &[&'static str]) -> (Cookies, Option<String>) {
        let mut headers = HeaderMap::new();
        lines.iter().for_each(|line| headers.append(COOKIE, HeaderValue::from_static(line)));
        let cookies = Jar { secure }.take(&mut headers);
        let left = headers.get(COOKIE).map(|line| line.to_str().unwrap().to_owned());
        (cookies, left)
    }

    #[test]
    fn our_cookies_are_taken_off_and_others_stay() {
        let (cookies, left) = take(false, &["theme=dark; cairn-access=a.b.c; x=y=z", "cairn-refresh=r"]);
        assert_eq!(cookies, Cookies { access: Some("a.b.c".to_owned()), refresh: Some("r".to_owned()) });
        assert_eq!(left.as_deref(), Some("theme=dark; x=y=z"));
        assert_eq!(take(false, &["cairn-access=a"]).1, None);
        assert_eq!(take(false, &[]).0, Cookies::default());
    }

    #[test]
    fn over_tls_only_this_hosts_own_cookies_count_and_none_passes() {
        let (cookies, left) = take(true, &["cairn-access=tossed; __Host-cairn-access=own; __Host-cairn-access=second"]);
        assert_eq!((cookies.access.as_deref(), left), (Some("own"), None));
        let (cookies, left) = take(false, &["__Host-cairn-access=own"]);
        assert_eq!((cookies, left), (Cookies::default(), None));
    }

    #[test]
    fn a_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let [access, _] = Jar { secure: true }.set("a", "r");
        assert_eq!(access.unwrap(), "__Host-cairn-access=a; Path=/; HttpOnly; SameSite=Strict; Secure");
        let [_, refresh] = Jar { secure: false }.clear();
        assert_eq!(refresh.unwrap(), "cairn-refresh=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    }
}
