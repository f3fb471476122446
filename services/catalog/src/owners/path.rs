//! `owner: Owner` in a handler: the product or the solution that the path leads through.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use kernel::Problem;
use uuid::Uuid;
use web::Failure;

use super::{Owner, OwnerKind};

impl FromRequest for Owner {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(owner(request).map_err(Into::into))
    }
}

fn owner(request: &HttpRequest) -> Result<Owner, Problem> {
    let path = request.match_info();
    let named = [("productId", OwnerKind::Product), ("solutionId", OwnerKind::Solution)];
    let Some((text, kind)) = named.into_iter().find_map(|(name, kind)| path.get(name).map(|text| (text, kind))) else {
        return Err(Problem::internal("a route with an owner is registered under neither products nor solutions"));
    };
    let id = Uuid::parse_str(text).map_err(|_| web::refusals::not_an_id(request.path()))?;
    Ok(Owner::of(kind, id))
}
