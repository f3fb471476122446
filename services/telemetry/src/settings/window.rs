//! How long each tenant keeps values, as far as this process has looked: no batch waits for that.

use std::time::{Duration, Instant};

use db::Db;
use kernel::{Problem, TenantId};
use quick_cache::sync::Cache;

use super::store;

/// Tenants remembered per process.
const REMEMBERED: usize = 10_000;
/// How long what was seen is believed: another process may have changed it.
const BELIEVED: Duration = Duration::from_secs(30);

/// Shared by all workers of the process.
pub(crate) struct Windows {
    platform: i64,
    seen: Cache<TenantId, (i64, Instant)>,
}

impl Windows {
    /// Nobody keeps values for longer than the platform's days.
    pub(crate) fn new(platform: i64) -> Self {
        Self { platform, seen: Cache::new(REMEMBERED) }
    }

    /// Days that a tenant keeps values.
    ///
    /// # Errors
    /// 503 when the database is away and must be asked.
    pub(crate) async fn days(&self, db: &Db, tenant: TenantId) -> Result<i64, Problem> {
        if let Some((days, at)) = self.seen.get(&tenant)
            && at.elapsed() < BELIEVED
        {
            return Ok(days);
        }
        let settings = db.read(tenant, async |conn| store::find(conn, tenant).await).await?;
        let own = settings.and_then(|settings| settings.retention_days).map(i64::from);
        let days = own.unwrap_or(self.platform).min(self.platform);
        self.seen.insert(tenant, (days, Instant::now()));
        Ok(days)
    }

    /// Looks again at the next batch.
    pub(super) fn forget(&self, tenant: TenantId) {
        self.seen.remove(&tenant);
    }
}
