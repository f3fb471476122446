//! Solutions: bundles of products that are adopted together.
//!
//! A solution owns tasks and what they are sorted by just as a product does, and lists its products in an order of its
//! own. Its name may repeat. Deleting keeps the row; restoring brings it back as it was.

mod api;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::create_solution)
        .service(api::list_solutions)
        .service(api::show_solution)
        .service(api::change_solution)
        .service(api::delete_solution)
        .service(api::restore_solution)
        .service(api::list_solution_products)
        .service(api::assign_solution_products);
}
