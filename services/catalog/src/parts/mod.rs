//! Parts: what an owner's tasks are sorted by (licences, outcomes, releases, tags), and its custom attributes.
//!
//! They are five nouns of one shape: a row under an owner with a place in a list, made at its end, reordered as a whole,
//! deleted for good. What differs stands in each noun's file; what they do alike stands in `noun.rs`, once.

mod custom_attributes;
mod inheritance;
mod licenses;
mod noun;
mod outcomes;
mod product_licenses;
mod releases;
pub(crate) mod sheets;
mod tags;
pub(crate) mod undo;

pub(crate) use licenses::of_owner as licenses;
use noun::part;
pub(crate) use outcomes::outcome_ids;
pub(crate) use releases::release_ids;
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes that lead through an owner.
pub(crate) fn under_owner(config: &mut ServiceConfig<'_>) {
    config
        .configure(licenses::under_owner)
        .configure(outcomes::under_owner)
        .configure(releases::under_owner)
        .configure(tags::under_owner)
        .configure(custom_attributes::under_owner);
}

/// The routes of a single part.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .configure(licenses::routes)
        .configure(outcomes::routes)
        .configure(releases::routes)
        .configure(tags::routes)
        .configure(custom_attributes::routes)
        .configure(inheritance::routes);
}
