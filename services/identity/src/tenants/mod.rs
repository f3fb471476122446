//! Tenants: the one a caller is signed in to; making one is the operator's, ending one is its owner's.

mod api;
mod closing;
mod operator;

use kernel::Check;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::tenants::Tenant;

pub(crate) use closing::{deletion, is_usable};

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::show_tenant)
        .service(api::change_tenant)
        .service(api::show_logo)
        .service(api::set_logo)
        .service(api::remove_logo)
        .service(closing::close_tenant)
        .service(closing::restore_tenant);
}

pub(crate) fn internal(config: &mut ServiceConfig<'_>) {
    config.service(operator::create_tenant).service(operator::suspend_tenant).service(operator::reopen_tenant);
}

/// What a tenant must look like.
fn check(tenant: &Tenant, check: &mut Check) {
    check.line("/name", &tenant.name, 1, 255);
    for (pointer, color) in [("/primaryColor", &tenant.primary_color), ("/secondaryColor", &tenant.secondary_color)] {
        let digits = color.strip_prefix('#').unwrap_or_default();
        let plain = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        check.that(plain, pointer, "COLOR", || "is not a colour; give # and six hexadecimal digits".to_owned());
    }
    if let Some(domain) = &tenant.domain {
        check.that(is_domain(domain), "/domain", "DOMAIN", || "is not a domain such as northwind.example".to_owned());
    }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_labels() {
        for good in ["northwind.example", "a.b.c", "xn--mnchen-3ya.de"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in ["", "northwind", ".example", "a..b", "-a.example", "a b.example", "münchen.de"] {
            assert!(!is_domain(bad), "{bad}");
        }
    }
}
