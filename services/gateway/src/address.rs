//! Whose request it is, as far as the network can tell: the peer, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies in front of the gateway whose `X-Forwarded-For` counts.
#[derive(Debug)]
pub(crate) struct Proxies(Vec<IpAddr>);

impl Proxies {
    /// Reads the configured addresses; an error is the one that is none.
    pub(crate) fn parse(addresses: &[String]) -> Result<Self, String> {
        let parse =
            |text: &String| text.parse::<IpAddr>().map(|address| address.to_canonical()).map_err(|_| text.clone());
        addresses.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// The client's address.
    pub(crate) fn client(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        self.behind(peer.to_canonical(), request.headers())
    }

    /// The right-most address that is not a trusted proxy's: everything to its left is the client's own word.
    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut known = peer;
        let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).filter_map(|line| line.to_str().ok()).collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            if !self.0.contains(&known) {
                break;
            }
            match address(hop.trim()) {
                Some(address) => known = address,
                None => break,
            }
        }
        known
    }
}

/// Whether a request was made on this machine and not merely forwarded by a proxy on it.
pub(crate) fn is_local(request: &HttpRequest) -> bool {
    let forwarded = request.headers().contains_key(FORWARDED_FOR) || request.headers().contains_key(FORWARDED);
    !forwarded && request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn client(peer: &str, lines: &[&'static str]) -> String {
        let proxies = Proxies::parse(&["10.0.0.1".to_owned(), "10.0.0.2".to_owned()]).unwrap();
        let mut headers = HeaderMap::new();
        lines.iter().for_each(|line| headers.append(FORWARDED_FOR, HeaderValue::from_static(line)));
        proxies.behind(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_strangers_word_does_not_count() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_names_the_right_most_stranger() {
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, [2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["198.51.100.1:5000"]), "198.51.100.1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_search() {
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(Proxies::parse(&["proxy.example".to_owned()]).unwrap_err(), "proxy.example");
    }
}
