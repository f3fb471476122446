//! What the platform's operator does through internal routes, with a token of their own: making tenants, and stopping them.

use auth::ServiceSigner;
use kernel::config::Config;
use kernel::{Clock, Problem, TenantId};
use reqwest::{RequestBuilder, StatusCode};
use serde::{Deserialize, Serialize};

/// A tenant to be made, with its first owner.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewTenant<'a> {
    /// What the organisation is called.
    pub name: &'a str,
    /// The owner's e-mail address.
    pub owner_email: &'a str,
    /// The owner's user name.
    pub owner_username: &'a str,
    /// What to call the owner.
    pub owner_name: &'a str,
    /// The owner's first password.
    pub owner_password: &'a str,
    /// Whether they must change it at once.
    pub must_change_password: bool,
}

/// The tenant that was made.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MadeTenant {
    /// Its id.
    pub tenant_id: TenantId,
}

/// Makes a tenant with its built-in roles and its owner; `None` when somebody has the owner's e-mail address or user name
/// already.
///
/// # Errors
/// What else identity answers.
pub async fn create_tenant(config: &Config, tenant: &NewTenant<'_>) -> Result<Option<MadeTenant>, Problem> {
    let answer = post(config, "tenants")?.json(tenant).send().await;
    let answer = answer.map_err(|error| Problem::unavailable("Identity", error))?;
    if answer.status() == StatusCode::CONFLICT {
        return Ok(None);
    }
    if !answer.status().is_success() {
        let text = answer.text().await.unwrap_or_default();
        return Err(Problem::internal(format!("identity refused the tenant: {text}")));
    }
    answer.json().await.map(Some).map_err(Problem::internal)
}

/// Stops a tenant, or lets a stopped one go on.
///
/// # Errors
/// What identity answers, such as that there is no such tenant.
pub async fn set_suspended(config: &Config, tenant: TenantId, suspended: bool) -> Result<(), Problem> {
    let action = if suspended { "suspend" } else { "reopen" };
    let answer = post(config, &format!("tenants/{tenant}/{action}"))?.send().await;
    let answer = answer.map_err(|error| Problem::unavailable("Identity", error))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let text = answer.text().await.unwrap_or_default();
    Err(Problem::internal(format!("identity refused: {text}")))
}

/// A request to identity as the platform's operator.
fn post(config: &Config, path: &str) -> Result<RequestBuilder, Problem> {
    let signer = ServiceSigner::new(&config.keys, "cairn").map_err(Problem::internal)?;
    let token = signer.sign("identity", None, None, Clock::system().now()).map_err(Problem::internal)?;
    let upstreams = config.upstreams("identity");
    let identity = upstreams.first().ok_or_else(|| Problem::internal("identity has no address"))?;
    Ok(reqwest::Client::new().post(format!("{identity}/internal/identity/v1/{path}")).bearer_auth(token))
}
