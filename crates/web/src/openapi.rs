//! The contract, made from the handlers: one document per service, and all of them merged.

use std::collections::BTreeMap;

use kernel::problem::ProblemBody;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Ref, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, OpenApi, OpenApiBuilder, RefOr, Required, Response, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::AppExt;

use crate::service::Service;

/// The contract of one service.
#[must_use]
pub fn document(service: &Service) -> OpenApi {
    let scope = utoipa_actix_web::scope::scope(format!("/{}/v1", service.name).as_str()).configure(service.routes);
    let (_, mut document) = actix_web::App::new().into_utoipa_app().service(scope).split_for_parts();
    let mut info = Info::new(format!("Cairn {}", service.name), env!("CARGO_PKG_VERSION").to_owned());
    info.description = Some(service.about.to_owned());
    document.info = info;
    finish(&mut document, knows_locks(service));
    document
}

/// The contract of the platform: what the gateway serves.
#[must_use]
pub fn merged(services: &[Service]) -> OpenApi {
    let mut info = Info::new("Cairn".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    info.description = Some("One platform for a vendor's life with its customers.".to_owned());
    let mut all = OpenApiBuilder::new().info(info).build();
    for service in services {
        all.merge(document(service));
    }
    all
}

/// Whether a service refuses writes under somebody else's edit lock: one that does hears of the locks.
fn knows_locks(service: &Service) -> bool {
    bus::topology::queue(&format!("{}.edit-locks", service.name))
        .is_some_and(|queue| queue.takes("identity.edit-lock.acquired"))
}

/// The operations of a server that is no [`Service`], such as the gateway's own, with what all operations have.
#[must_use]
pub fn finished(mut document: OpenApi) -> OpenApi {
    finish(&mut document, false);
    document
}

/// Adds to each operation what follows from its shape: the bearer scheme and the problems it can answer with.
fn finish(document: &mut OpenApi, knows_locks: bool) {
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let mut schemas = Vec::new();
    ProblemBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components.schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    for (path, item) in &mut document.paths.paths {
        let ids: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        for (method, operation) in operations(item) {
            add_parameters(method, operation, &ids);
            add_problems(operation, !ids.is_empty(), knows_locks && method != "GET");
            describe_success(operation);
        }
    }
    name_by_owner(document);
}

/// A handler that serves several owners is an operation of each: `list_tags` becomes `list_product_tags` and
/// `list_solution_tags`, because an operation's id is its own.
fn name_by_owner(document: &mut OpenApi) {
    let mut times = BTreeMap::<String, usize>::new();
    let all = document.paths.paths.values_mut().flat_map(operations);
    all.filter_map(|(_, operation)| operation.operation_id.clone()).for_each(|id| *times.entry(id).or_default() += 1);
    for (path, item) in &mut document.paths.paths {
        let Some(owner) = path.split(['{', '}']).nth(1).and_then(|id| id.strip_suffix("Id")) else { continue };
        for id in operations(item).filter_map(|(_, operation)| operation.operation_id.as_mut()) {
            if let (Some(2..), Some((verb, noun))) = (times.get(id.as_str()), id.split_once('_')) {
                *id = format!("{verb}_{owner}_{noun}");
            }
        }
    }
}

/// The operations of a path, with their methods.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    let all = [("GET", get), ("POST", post), ("PUT", put), ("PATCH", patch), ("DELETE", delete)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn takes_values(operation: &Operation) -> bool {
    let tags = operation.tags.as_deref().unwrap_or_default();
    tags.iter().any(|tag| tag == "values" || tag == "refusals")
}

/// The ids in the path, and the headers that every operation of its method understands.
fn add_parameters(method: &str, operation: &mut Operation, ids: &[&str]) {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let id = || text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    let parameter = |place, name: &str, meaning: &str| {
        ParameterBuilder::new().parameter_in(place).name(name).description(Some(meaning.to_owned()))
    };
    let mut added: Vec<Parameter> = ids
        .iter()
        .map(|name| parameter(ParameterIn::Path, name, "The id.").required(Required::True).schema(Some(id())).build())
        .collect();
    if secured(operation) {
        let header = match method {
            // Telemetry's values are known by their event ids: repeats are harmless without a key.
            "POST" if takes_values(operation) => None,
            "POST" => Some(("Idempotency-Key", "Repeats of this request with this key answer what the first one did.")),
            "PUT" | "PATCH" | "DELETE" => {
                Some(("If-Match", "The version that was read, as its ETag; another one is a 412."))
            }
            _ => None,
        };
        added.extend(
            header.map(|(name, meaning)| parameter(ParameterIn::Header, name, meaning).schema(Some(text())).build()),
        );
    }
    let own = operation.parameters.take().unwrap_or_default();
    let all: Vec<_> = added.into_iter().map(RefOr::T).chain(own).collect();
    operation.parameters = Some(all).filter(|list| !list.is_empty());
}

fn secured(operation: &Operation) -> bool {
    operation.security.as_ref().is_some_and(|list| !list.is_empty())
}

/// `OpenAPI` asks for a description where the body says all.
fn describe_success(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            response.description = match status.as_str() {
                "201" => "Created.",
                "204" => "Done.",
                _ => "The answer.",
            }
            .to_owned();
        }
    }
}

fn add_problems(operation: &mut Operation, has_id: bool, may_be_locked: bool) {
    let secured = secured(operation);
    let has_body = operation.request_body.is_some();
    let standard: [(u16, &str, bool); 10] = [
        (400, "The request cannot be read.", true),
        (401, "No token, or one that does not count.", secured),
        (403, "The permission is missing; the detail names it.", secured),
        (404, "There is no such thing, or you may not see it.", has_id),
        (415, "The body has another content type.", has_body),
        (422, "The content is not valid; errors name the fields.", has_body),
        (423, "Somebody else is editing it; the detail says who and until when.", has_id && may_be_locked),
        (429, "Too many requests; Retry-After says when to come back.", true),
        (500, "A fault of ours; the traceId names it.", true),
        (503, "Temporarily unavailable; Retry-After says when to come back.", true),
    ];
    let responses = &mut operation.responses.responses;
    for (status, meaning, applies) in standard {
        if applies {
            responses.entry(status.to_string()).or_insert_with(|| RefOr::T(problem(meaning)));
        }
    }
}

fn problem(meaning: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build();
    ResponseBuilder::new().description(meaning).content("application/problem+json", content).build()
}

/// Every operation of a document with the permission it names: what access tests walk.
#[must_use]
pub fn permissions(document: &mut OpenApi) -> BTreeMap<(String, String), Option<String>> {
    let mut all = BTreeMap::new();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let json = serde_json::to_value(&operation.security).unwrap_or_default();
            let permission = json.pointer("/0/bearer/0").and_then(|name| name.as_str()).map(str::to_owned);
            all.insert((method.to_owned(), path.clone()), permission);
        }
    }
    all
}
