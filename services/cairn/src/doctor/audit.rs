//! `cairn doctor audit`: every tenant's audit trail, row by row. Not part of the daily look: it reads all there is.

use std::sync::Arc;

use identity::AuditFault;
use kernel::config::Config;
use kernel::{Clock, Problem};
use web::Context;

use super::{Finding, Report};

/// Walks the chains of all tenants.
///
/// # Errors
/// When the database is away.
pub async fn audit(config: &Config, clock: &Clock) -> Result<Report, Problem> {
    let context = Context::new("identity", Arc::new(config.clone()), clock.clone()).map_err(Problem::internal)?;
    let trails = identity::audit_trails(&context.pool(), &config.keys).await?;
    let finding = |trail: identity::AuditTrail| {
        let check = format!("audit of {}", trail.tenant);
        match trail.fault {
            None if trail.rows == 0 => {
                Finding::warn(check, "no rows", "when the tenant is not a new one, all of its trail was removed")
            }
            None => Finding::ok(check, format!("{} rows, each as it was written", trail.rows)),
            Some(AuditFault::Unsealed) => {
                Finding::warn(check, AuditFault::Unsealed.to_string(), "compare with a backup from before the upgrade")
            }
            Some(fault) => {
                let advice = "somebody changed the database itself: keep it as evidence, and compare with a backup";
                Finding::fail(check, format!("{fault}; the {} rows before it are as written", trail.rows), advice)
            }
        }
    };
    Ok(Report::new(trails.into_iter().map(finding).collect()))
}
