//! Batches: what was sent, by whom, what became of it, and taking it back.
//!
//! A retracted batch leaves nothing behind: the platform stands where it would if the batch had never come. Therefore what a
//! batch did without leaving a value is kept too: that it *repeats* a value which was there (then the value stays, as its own,
//! when the batch that brought it is retracted), and that it is *silent* about attributes of which it claims to tell
//! everything. A latest value is known for longer than its day is kept, therefore with the batch that brought it.

mod api;
mod model;
mod retract;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use model::{Batch, Silence};
pub(crate) use store::{declare, forget, insert, share, vanish};

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::list_batches).service(api::show_batch).service(api::retract_batch);
}
