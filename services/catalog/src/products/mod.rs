//! Products: what a vendor sells and a customer adopts.
//!
//! A product's name is unique among those that are not deleted. Deleting keeps the row; restoring brings it back unless
//! its name was given away meanwhile. Everything under a product raises its `revision`.

mod api;
pub(crate) mod model;
pub(crate) mod store;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::create_product)
        .service(api::list_products)
        .service(api::show_product)
        .service(api::change_product)
        .service(api::delete_product)
        .service(api::restore_product);
}
