//! One's own account: profile, password, e-mail address, tenants.

mod email;
mod password;
mod profile;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(profile::show_me)
        .service(profile::change_me)
        .service(profile::list_own_tenants)
        .service(profile::show_own_avatar)
        .service(profile::set_avatar)
        .service(profile::remove_avatar)
        .service(password::change_password)
        .service(password::ask_for_reset)
        .service(password::reset_password)
        .service(email::change_email)
        .service(email::verify_email);
}
