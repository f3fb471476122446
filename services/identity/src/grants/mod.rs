//! Grants: who may do what with one product, solution or customer, or with all of a kind.
//!
//! A grant is for a member, a role or a partner's program. Identity keeps the grants; the services that own the things hear of
//! them. A token says whose grants count for its bearer, so the first grant of somebody ends their tokens from before, and
//! every other takes effect where it is heard. Nobody grants, changes or takes back what they do not
//! hold, nor hands it out with a role or a key.

mod api;
mod model;
mod store;
mod subjects;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use store::concerning;
pub(crate) use subjects::{forget, may_act_on, may_give_roles, may_wield, of_account, of_person};

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::create_grant)
        .service(api::list_grants)
        .service(api::show_grant)
        .service(api::change_grant)
        .service(api::delete_grant);
}
