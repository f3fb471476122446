//! Change sets: what each command did to the catalog, item by item, and how to take it back.
//!
//! The database makes them of what a command announces (`migrations/catalog`), so every command is one: a bulk edit and an
//! import too. To take one back is a command like any other, and so a change set itself: each field that it changed becomes
//! what it was, by the rules of single commands. It is refused when somebody has changed one of them since. A large one is taken
//! back after the answer.

mod api;
mod model;
mod revert;
mod store;
mod undo;
mod work;

pub(crate) use model::{EntityType, Fields};
pub(crate) use store::lost;
pub(crate) use undo::{Overlaps, Undo, Undos, command, next_version};
use utoipa_actix_web::service_config::ServiceConfig;
pub(crate) use work::work;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::list_change_sets)
        .service(api::show_change_set)
        .service(api::list_change_items)
        .service(api::revert_change_set);
}
