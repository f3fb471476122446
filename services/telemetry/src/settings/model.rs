//! What the settings are. Pure.

use chrono::{Duration, NaiveTime};
use contracts::telemetry::SettingsView;
use diesel::prelude::*;
use kernel::{Check, Problem, TenantId, Timestamp};
use serde::Deserialize;

use crate::schema::settings;

/// A row of `settings`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = settings, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Settings {
    pub(crate) tenant_id: TenantId,
    pub(crate) version: i64,
    pub(crate) retention_days: Option<i32>,
    pub(crate) updated_at: Timestamp,
}

/// The telemetry settings of a tenant.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SetTelemetrySettings, example = json!({ "retentionDays": 180 }))]
pub(crate) struct SetSettings {
    /// Days that values are kept: fewer than the platform does; null for as long as it does. What is older is deleted for good.
    pub(crate) retention_days: Option<i32>,
}

impl SetSettings {
    /// The settings that follow from the command.
    pub(crate) fn apply(
        self,
        before: Option<&Settings>,
        (tenant_id, platform): (TenantId, i64),
        now: Timestamp,
    ) -> Result<Settings, Problem> {
        let mut check = Check::new();
        let fits = self.retention_days.is_none_or(|days| (1..=platform).contains(&i64::from(days)));
        let how = || format!("give 1 to {platform} days, or null for as long as the platform keeps values");
        check.that(fits, "/retentionDays", "OUT_OF_RANGE", how);
        check.finish()?;
        let version = before.map_or(1, |before| before.version + 1);
        Ok(Settings { tenant_id, version, retention_days: self.retention_days, updated_at: now })
    }
}

/// The day of this moment begins what is kept: whole days go, with their rollups.
pub(crate) fn kept_from(now: Timestamp, days: i64) -> Timestamp {
    let first = (now - Duration::days(days)).date_naive();
    Timestamp::from(first.and_time(NaiveTime::MIN).and_utc())
}

/// The settings as they are shown, also before the first change.
pub(crate) fn view(tenant_id: TenantId, settings: Option<Settings>) -> SettingsView {
    match settings {
        Some(Settings { tenant_id, version, retention_days, updated_at }) => {
            SettingsView { tenant_id, version, retention_days, updated_at: Some(updated_at) }
        }
        None => SettingsView { tenant_id, version: 0, retention_days: None, updated_at: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_keeps_values_for_no_longer_than_the_platform() {
        let (tenant, now) = (TenantId::fresh(), "2026-11-21T12:00:00Z".parse().unwrap());
        let set = |retention_days, before| SetSettings { retention_days }.apply(before, (tenant, 400), now);
        for days in [0, -1, 401] {
            assert_eq!(set(Some(days), None).unwrap_err().errors()[0].pointer, "/retentionDays", "{days}");
        }
        let first = set(Some(400), None).unwrap();
        let second = set(None, Some(&first)).unwrap();
        assert_eq!((first.version, second.version, second.retention_days), (1, 2, None));
        assert_eq!(view(tenant, None).version, 0);
    }

    #[test]
    fn whole_days_are_kept() {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        assert_eq!(kept_from(now, 30).to_string(), "2026-10-22T00:00:00Z");
    }
}
