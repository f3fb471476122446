//! The routes file: a `[[service]]` for each service, read by hand so that every fault is told at once.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::time::Duration;

use hyper::http::uri::Authority;
use toml::{Table, Value};

use super::{RoutesError, Spec};
use crate::contract::Paths;
use crate::upstream::Upstream;

/// First segments that the gateway answers itself, or to nobody.
const TAKEN: [&str; 8] = ["docs", "events", "gateway", "healthz", "internal", "metrics", "openapi.json", "readyz"];
const KEYS: [&str; 6] =
    ["name", "upstreams", "request-timeout-seconds", "body-limit-bytes", "requests-per-second", "public"];
const LONGEST_TIMEOUT_SECONDS: u32 = 3_600;

/// Reads the file's text.
pub(super) fn read(text: &str) -> Result<Vec<Spec>, RoutesError> {
    let document: Table = text.parse().map_err(|error| RoutesError(vec![format!("not TOML: {error}")]))?;
    let mut faults = Vec::new();
    let unknown = document.keys().filter(|key| *key != "service");
    faults.extend(unknown.map(|key| format!("`{key}` is unknown; services are given as [[service]]")));
    let tables = match document.get("service") {
        Some(Value::Array(items)) => items.iter().map(Value::as_table).collect(),
        _ => None,
    };
    let tables: Vec<&Table> = tables.unwrap_or_else(|| {
        faults.push("there is no [[service]]".to_owned());
        Vec::new()
    });
    let mut specs: Vec<Spec> = Vec::new();
    for (at, table) in tables.into_iter().enumerate() {
        let mut reader = Reader { place: format!("service {}", at + 1), table, faults: &mut faults };
        let spec = reader.service();
        if specs.iter().any(|known| !spec.name.is_empty() && known.name == spec.name) {
            reader.fault("this name is given twice");
        }
        specs.push(spec);
    }
    if faults.is_empty() { Ok(specs) } else { Err(RoutesError(faults)) }
}

/// Reads one service and gathers what is wrong with it.
struct Reader<'a> {
    place: String,
    table: &'a Table,
    faults: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn service(&mut self) -> Spec {
        let name = self.name();
        let unknown: Vec<_> = self.table.keys().filter(|key| !KEYS.contains(&key.as_str())).collect();
        unknown.into_iter().for_each(|key| self.fault(format!("`{key}` is unknown; known are {}", KEYS.join(", "))));
        Spec {
            upstreams: self.upstreams(),
            request_timeout: self
                .number("request-timeout-seconds", LONGEST_TIMEOUT_SECONDS)
                .map(|seconds| Duration::from_secs(seconds.get().into())),
            body_limit: self.number("body-limit-bytes", u32::MAX).map(|bytes| bytes.get().into()),
            rate: self.number("requests-per-second", 1_000_000),
            public: self.public(&name),
            name,
        }
    }

    fn fault(&mut self, what: impl Display) {
        self.faults.push(format!("{}: {what}", self.place));
    }

    /// From here on faults are told by the name.
    fn name(&mut self) -> String {
        let name = self.table.get("name").and_then(Value::as_str).unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !name.starts_with(|first: char| first.is_ascii_lowercase()) || !name.bytes().all(plain) {
            self.fault("`name` is the first segment of its paths: small letters, digits and hyphens");
        } else if TAKEN.contains(&name) {
            self.fault(format!("`{name}` is a path of the gateway itself"));
        } else {
            name.clone_into(&mut self.place);
        }
        name.to_owned()
    }

    fn upstreams(&mut self) -> Vec<Authority> {
        let texts = self.texts("upstreams");
        if texts.is_empty() {
            self.fault("`upstreams` lists its servers, such as [\"http://127.0.0.1:7402\"]");
        }
        let mut upstreams = Vec::new();
        for text in texts {
            match Upstream::address(&text) {
                None => self.fault(format!("`{text}` is no address; give http://host:port")),
                Some(address) if upstreams.contains(&address) => self.fault(format!("`{text}` is given twice")),
                Some(address) => upstreams.push(address),
            }
        }
        upstreams
    }

    fn public(&mut self, name: &str) -> Paths<Vec<String>> {
        let mut public = Paths::<Vec<String>>::default();
        for text in self.texts("public") {
            let operation = text.split_once(' ').filter(|(method, path)| {
                let below = path.strip_prefix('/').and_then(|path| path.split('/').next()) == Some(name);
                below && !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase())
            });
            match operation {
                Some((method, path)) => public.at(path).push(method.to_owned()),
                None => self.fault(format!("`{text}` in `public` is not like \"GET /{name}/v1/things/{{id}}\"")),
            }
        }
        public
    }

    fn texts(&mut self, key: &str) -> Vec<String> {
        let texts = match self.table.get(key) {
            None => Some(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            Some(_) => None,
        };
        texts.unwrap_or_else(|| {
            self.fault(format!("`{key}` is a list of texts"));
            Vec::new()
        })
    }

    fn number(&mut self, key: &str, most: u32) -> Option<NonZeroU32> {
        let value = self.table.get(key)?;
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new);
        let number = number.filter(|number| number.get() <= most);
        if number.is_none() {
            self.fault(format!("`{key}` is a whole number from 1 to {most}"));
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use kernel::config::SERVICES;

    use super::*;

    fn faults(text: &str) -> Vec<String> {
        read(text).err().unwrap().0
    }

    #[test]
    fn a_service_is_read_with_its_limits() {
        let text = r#"
            [[service]]
            name = "catalog"
            upstreams = ["http://a:7402", "http://b:7402"]
            request-timeout-seconds = 5
            body-limit-bytes = 1000
            requests-per-second = 50
            public = ["GET /catalog/v1/brochures/{id}"]

            [[service]]
            name = "partner-portal"
            upstreams = ["http://c:80"]
        "#;
        let specs = read(text).unwrap();
        let [catalog, partner] = &specs[..] else { panic!("two services") };
        assert_eq!(catalog.upstreams, ["a:7402", "b:7402"]);
        assert_eq!((catalog.request_timeout, catalog.body_limit), (Some(Duration::from_secs(5)), Some(1000)));
        assert_eq!(catalog.rate.map(NonZeroU32::get), Some(50));
        let mut open = Vec::new();
        catalog.public.fitting("/catalog/v1/brochures/1", &mut |methods| open.extend(methods));
        assert_eq!(open, ["GET"]);
        assert_eq!((partner.name.as_str(), partner.request_timeout, partner.rate), ("partner-portal", None, None));
    }

    #[test]
    fn every_fault_is_told_at_once_and_by_name() {
        let text = r#"
            colour = "red"
            [[service]]
            name = "catalog"
            upstreams = ["b:7402", "http://a:1", "http://a:1/"]
            request-timeout-seconds = 0
            body-limit = 1
            public = ["/catalog/v1/x", "GET /identity/v1/x", "GET /catalogue"]
            [[service]]
            name = "docs"
            upstreams = "http://a:1"
            [[service]]
            name = "catalog"
            upstreams = ["http://a:1"]
            requests-per-second = "many"
        "#;
        let faults = faults(text);
        for part in [
            "`colour` is unknown",
            "catalog: `b:7402` is no address",
            "catalog: `http://a:1/` is given twice",
            "catalog: `request-timeout-seconds` is a whole number from 1",
            "catalog: `body-limit` is unknown",
            "catalog: `/catalog/v1/x` in `public`",
            "catalog: `GET /identity/v1/x` in `public`",
            "catalog: `GET /catalogue` in `public`",
            "service 2: `docs` is a path of the gateway itself",
            "service 2: `upstreams` is a list of texts",
            "catalog: this name is given twice",
            "catalog: `requests-per-second` is a whole number",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(part)), "{part} in {faults:#?}");
        }
        assert_eq!(faults.len(), 13, "{faults:#?}");
    }

    #[test]
    fn the_example_is_good() {
        let example = include_str!("../../../../deploy/routes.toml");
        assert_eq!(read(example).unwrap().iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>(), SERVICES[1..]);
        read(&example.replace("# [", "[").replace("# name", "name").replace("# up", "up").replace("# pub", "pub"))
            .unwrap();
    }

    #[test]
    fn what_is_no_table_of_services_is_refused() {
        assert!(faults("service =")[0].starts_with("not TOML"));
        assert_eq!(faults(""), ["there is no [[service]]"]);
        assert_eq!(faults("service = [1]"), ["there is no [[service]]"]);
    }
}
