//! What an operation asks of a request, compiled from its entry in the document.
//!
//! Only what the service would refuse in the same words is refused here; what is not sure is the service's to judge.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use auth::Principal;
use kernel::Problem;
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;
use web::refusals;

/// Who sends more query parameters than this is answered by the service.
const MOST_PARAMETERS: usize = 64;

/// An operation.
#[derive(Default)]
pub(crate) struct Operation {
    /// The permission it names; `None` is public.
    pub(super) permission: Option<String>,
    /// Which segments of its path are ids.
    ids: Vec<usize>,
    query: Vec<Parameter>,
    /// Its body is one JSON document.
    takes_json: bool,
}

struct Parameter {
    name: String,
    required: bool,
    kind: Kind,
}

/// What a query parameter's text can be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Whole,
    Flag,
    Id,
    /// A list, an enum, a time: for the service to read.
    Other,
}

enum Verdict {
    Fits,
    /// With a parser's word for why not.
    Misfit(String),
    Unsure,
}

/// An operation in the document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(default)]
    security: Vec<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    parameters: Vec<ParameterEntry>,
    request_body: Option<BodyEntry>,
}

#[derive(Deserialize)]
struct ParameterEntry {
    #[serde(rename = "in")]
    place: String,
    name: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    schema: SchemaEntry,
}

#[derive(Deserialize, Default)]
struct SchemaEntry {
    #[serde(rename = "$ref")]
    reference: Option<String>,
    #[serde(rename = "type")]
    kind: Option<serde_json::Value>,
    format: Option<String>,
    minimum: Option<f64>,
    #[serde(rename = "enum")]
    choices: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct BodyEntry {
    #[serde(default)]
    required: bool,
    #[serde(default)]
    content: BTreeMap<String, IgnoredAny>,
}

impl Operation {
    /// Compiles an entry of a path.
    pub(super) fn new(path: &str, entry: Entry) -> Self {
        // A scheme without a scope asks for a token and for no permission that anybody could hold.
        let scheme = entry.security.into_iter().next().map(|schemes| schemes.into_values().flatten().next());
        let permission = scheme.map(Option::unwrap_or_default);
        let (mut ids, mut query) = (Vec::new(), Vec::new());
        for parameter in entry.parameters {
            let kind = parameter.schema.kind();
            let place = format!("{{{}}}", parameter.name);
            let segment = path.split('/').skip(1).position(|segment| segment == place);
            match (parameter.place.as_str(), segment) {
                ("path", Some(segment)) if kind == Kind::Id => ids.push(segment),
                ("query", _) => {
                    query.push(Parameter { name: parameter.name, required: parameter.required, kind });
                }
                _ => {}
            }
        }
        let takes_json = entry.request_body.is_some_and(|body| {
            body.required && body.content.len() == 1 && body.content.contains_key("application/json")
        });
        Self { permission, ids, query, takes_json }
    }

    /// Whether the service would look at the request at all. Whoever may not ask is told so by the service, whatever is asked.
    fn is_allowed(&self, caller: Option<&Principal>) -> bool {
        let Some(permission) = &self.permission else { return true };
        let own = permission.starts_with("identity:self:");
        caller.is_some_and(|caller| own || (!caller.must_change_password && caller.permissions.allow(permission)))
    }

    /// Refuses what the service would refuse, in the order in which it does.
    pub(super) fn check(&self, request: &HttpRequest, caller: Option<&Principal>) -> Result<(), Problem> {
        if !self.is_allowed(caller) {
            return Ok(());
        }
        self.check_ids(request.path())?;
        self.check_query(request.query_string())?;
        self.check_body(request)
    }

    fn check_ids(&self, path: &str) -> Result<(), Problem> {
        let mut ids = path.split('/').skip(1).enumerate().filter(|(at, _)| self.ids.contains(at));
        if ids.all(|(_, text)| text.contains('%') || Uuid::try_parse(text).is_ok()) {
            return Ok(());
        }
        Err(refusals::not_an_id(path))
    }

    fn check_query(&self, text: &str) -> Result<(), Problem> {
        let pairs = || form_urlencoded::parse(text.as_bytes());
        if self.query.is_empty() || text.contains("%00") || pairs().count() > MOST_PARAMETERS {
            return Ok(());
        }
        for (name, value) in pairs() {
            let Some(parameter) = self.query.iter().find(|parameter| parameter.name == name) else { return Ok(()) };
            if pairs().filter(|(other, _)| *other == name).count() > 1 {
                return Ok(());
            }
            match parameter.kind.verdict(&value) {
                _ if value.is_empty() && !parameter.required => {}
                Verdict::Fits => {}
                Verdict::Misfit(said) => return Err(refusals::unusable_parameter(&name, &said)),
                Verdict::Unsure => return Ok(()),
            }
        }
        let missing = |parameter: &&Parameter| parameter.required && pairs().all(|(name, _)| name != parameter.name);
        match self.query.iter().find(missing) {
            Some(parameter) => Err(refusals::unusable_parameter("", &format!("missing field `{}`", parameter.name))),
            None => Ok(()),
        }
    }

    fn check_body(&self, request: &HttpRequest) -> Result<(), Problem> {
        if !self.takes_json {
            return Ok(());
        }
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let kind = header(CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !["application/json", "application/merge-patch+json"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
            return Err(refusals::not_json());
        }
        if request.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(refusals::encoded_body());
        }
        Ok(())
    }
}

impl SchemaEntry {
    fn kind(&self) -> Kind {
        if self.reference.as_deref() == Some("#/components/schemas/Id") {
            return Kind::Id;
        }
        let kind = self.kind.as_ref().and_then(serde_json::Value::as_str);
        match (kind, self.format.as_deref(), &self.choices) {
            (Some("string"), Some("uuid"), None) => Kind::Id,
            (Some("string"), None, None) => Kind::Text,
            (Some("boolean"), None, None) => Kind::Flag,
            (Some("integer"), Some("int32"), None) if self.minimum == Some(0.0) => Kind::Whole,
            _ => Kind::Other,
        }
    }
}

impl Kind {
    fn verdict(self, text: &str) -> Verdict {
        let said = match self {
            Self::Text => None,
            Self::Whole => text.parse::<u32>().err().map(|error| error.to_string()),
            Self::Id => Uuid::try_parse(text).err().map(|error| format!("UUID parsing failed: {error}")),
            Self::Flag if text == "true" || text == "false" => None,
            Self::Flag | Self::Other => return Verdict::Unsure,
        };
        said.map_or(Verdict::Fits, Verdict::Misfit)
    }
}
