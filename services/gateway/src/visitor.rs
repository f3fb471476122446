//! Who asks the gateway itself for something.

use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};
use auth::Principal;
use kernel::Problem;
use kernel::problem::{PASSWORD_CHANGE_REQUIRED, SECOND_FACTOR_REQUIRED};

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
    if caller.must_change_password {
        let how = "Change the password with POST /identity/v1/me/password, then sign in again.";
        return Err(PASSWORD_CHANGE_REQUIRED.detail(how));
    }
    if caller.must_enrol {
        let how =
            "This tenant asks for a second factor. Set one up with POST /identity/v1/me/authenticator, or a passkey.";
        return Err(SECOND_FACTOR_REQUIRED.detail(how));
    }
    Ok((caller, standing))
}
