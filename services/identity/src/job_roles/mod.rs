//! Job roles: what somebody does in departments, with what that allows them.
//!
//! A job role belongs to departments, which says where the job is found, and to members, who may do what it allows in
//! addition to what their roles do. Nobody makes, changes or gives away one that allows more than they may themselves.

mod api;
mod members;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use store::{held_by, patterns_of_member};

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::create_job_role)
        .service(api::list_job_roles)
        .service(api::show_job_role)
        .service(api::change_job_role)
        .service(api::delete_job_role)
        .service(members::show_member_job_roles)
        .service(members::set_member_job_roles);
}
