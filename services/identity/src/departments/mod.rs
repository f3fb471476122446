//! Departments: the tenant's tree, and who belongs where.
//!
//! What must hold of the whole tree (no department within itself, none too deep) is decided by [`tree`] under one lock per
//! tenant; names, keys and what hangs on a department are the database's to guard. A member belongs to as many departments
//! as one likes; that allows them nothing.

mod api;
mod members;
mod model;
mod store;
mod tree;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use store::must_exist;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::create_department)
        .service(api::list_departments)
        .service(api::show_department)
        .service(api::change_department)
        .service(api::delete_department)
        .service(members::list_department_members)
        .service(members::show_member_departments)
        .service(members::set_member_departments);
}
