//! Who asks the gateway itself for something.

use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};
use auth::Principal;
use kernel::Problem;

use crate::Gate;
use crate::access::Served;
use crate::limits::Standing;

/// The caller, and where they stand after this request. A token that does not count is charged to the address it came from.
pub(crate) async fn receive<'a>(
    request: &HttpRequest,
    gate: &'a Gate,
) -> Result<(Arc<Principal>, Standing<'a>), Problem> {
    let caller = match web::authenticate(request).await {
        Ok(caller) => caller,
        Err(problem) => {
            gate.limits.count_address(gate.client(request)).check()?;
            return Err(problem);
        }
    };
    request.extensions_mut().insert(Served { service: Arc::from("gateway"), caller: Some(Arc::clone(&caller)) });
    let standing = gate.limits.count(&caller, request.path());
    standing.check()?;
    web::is_free(&caller)?;
    Ok((caller, standing))
}
