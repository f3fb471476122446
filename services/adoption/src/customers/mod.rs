//! Customers: those who adopt.
//!
//! Names may repeat; the caller's own key may not. Deleting keeps the row and everything assigned to the customer;
//! restoring brings it back as it was.

mod api;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use store::{find, find_present, hold, hold_all, require_present};

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::create_customer)
        .service(api::list_customers)
        .service(api::show_customer)
        .service(api::change_customer)
        .service(api::delete_customer)
        .service(api::restore_customer);
}
