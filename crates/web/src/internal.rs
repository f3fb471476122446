//! `caller: Internal`: another service of the platform, by its own short-lived token. Only routes under `/internal/`
//! take it, and the gateway does not pass those on.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use kernel::problem::{REQUEST_MALFORMED, TOKEN_INVALID};
use kernel::{Actor, Problem, TenantId, UserId};

use crate::allow::{bearer, client_address};
use crate::boundary::trace_of;
use crate::failure::Failure;
use crate::service::Context;

/// A calling service.
pub struct Internal {
    /// Its name.
    pub service: &'static str,
    /// The person behind the call.
    pub on_behalf_of: Option<UserId>,
    tenant: Option<TenantId>,
    request: HttpRequest,
}

impl Internal {
    /// The tenant that the call is about.
    ///
    /// # Errors
    /// 400 when the token names none.
    pub fn tenant(&self) -> Result<TenantId, Problem> {
        self.tenant.ok_or_else(|| REQUEST_MALFORMED.detail("The service token names no tenant."))
    }

    /// The caller as transactions and events know it, in a tenant.
    #[must_use]
    pub fn actor(&self, tenant: TenantId) -> Actor {
        Actor {
            on_behalf_of: self.on_behalf_of,
            client_address: client_address(&self.request),
            ..Actor::service(self.service, tenant, trace_of(&self.request))
        }
    }
}

impl FromRequest for Internal {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(verify(request).map_err(Into::into))
    }
}

fn verify(request: &HttpRequest) -> Result<Internal, Problem> {
    let Some(context) = request.app_data::<Data<Context>>() else {
        return Err(Problem::internal("no context in this app"));
    };
    let outcome = context.services.verify(bearer(request)?, context.clock.now());
    let (claims, service) = outcome.map_err(|error| TOKEN_INVALID.detail(format!("{error}.")))?;
    Ok(Internal { service, on_behalf_of: claims.act, tenant: claims.tid, request: request.clone() })
}
