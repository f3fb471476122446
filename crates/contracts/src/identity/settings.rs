//! What a tenant may set for itself. What it has not set is as here.

use kernel::{Check, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Aggregate, EventType};

/// The settings of a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[schema(example = json!({ "sessionIdleMinutes": 60, "requireTwoFactor": true }))]
pub struct TenantSettings {
    /// The time zone of business hours, due dates and statistics: an IANA name such as `Europe/Paris`.
    pub time_zone: String,
    /// A session that is not refreshed for so long ends. 5 to 43,200 minutes.
    #[schema(minimum = 5, maximum = 43_200)]
    pub session_idle_minutes: u32,
    /// A session ends after so long, however often it is refreshed. 1 to 2,160 hours.
    #[schema(minimum = 1, maximum = 2_160)]
    pub session_lifetime_hours: u32,
    /// The fewest characters of a member's new password, 8 to 64. Who is in several tenants keeps to the strictest.
    #[schema(minimum = 8, maximum = 64)]
    pub password_min_length: u32,
    /// How many of a member's last passwords may not come back, 0 to 24.
    #[schema(minimum = 0, maximum = 24)]
    pub password_history: u32,
    /// Members must have a second factor; who has none may do nothing but set one up.
    pub require_two_factor: bool,
    /// People may join by themselves, as MEMBER, once their e-mail address is verified.
    pub self_registration: bool,
    /// An invitation counts for so many days, 1 to 90.
    #[schema(minimum = 1, maximum = 90)]
    pub invitation_days: u32,
    /// The audit trail is kept for so many days, 30 to 3,650.
    #[schema(minimum = 30, maximum = 3_650)]
    pub audit_retention_days: u32,
    /// Every member may see products, solutions and customers, whatever else they hold.
    pub members_read_all: bool,
    /// Requests of one caller (a member, an API key) per minute; none: no such limit.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub caller_requests_per_minute: Option<u32>,
    /// Requests of one caller per day; none: no such limit.
    #[schema(minimum = 1, maximum = 100_000_000)]
    pub caller_requests_per_day: Option<u32>,
    /// Requests of one caller per month; none: no such limit.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub caller_requests_per_month: Option<u32>,
    /// Requests of the whole tenant per day; none: no such limit.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub tenant_requests_per_day: Option<u32>,
    /// Requests of the whole tenant per month; none: no such limit.
    #[schema(minimum = 1, maximum = 2_000_000_000)]
    pub tenant_requests_per_month: Option<u32>,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            time_zone: "UTC".to_owned(),
            session_idle_minutes: 720,
            session_lifetime_hours: 168,
            password_min_length: 12,
            password_history: 5,
            require_two_factor: false,
            self_registration: false,
            invitation_days: 7,
            audit_retention_days: 400,
            members_read_all: false,
            caller_requests_per_minute: None,
            caller_requests_per_day: None,
            caller_requests_per_month: None,
            tenant_requests_per_day: None,
            tenant_requests_per_month: None,
        }
    }
}

impl TenantSettings {
    /// Notes what is out of bounds. Whether a time zone exists is the caller's to know.
    pub fn check(&self, check: &mut Check) {
        let mut within = |pointer: &str, value: u32, least: u32, most: u32| {
            check.that((least..=most).contains(&value), pointer, "RANGE", || {
                format!("is {value}; give {least} to {most}")
            });
        };
        within("/sessionIdleMinutes", self.session_idle_minutes, 5, 43_200);
        within("/sessionLifetimeHours", self.session_lifetime_hours, 1, 2_160);
        within("/passwordMinLength", self.password_min_length, 8, 64);
        within("/passwordHistory", self.password_history, 0, 24);
        within("/invitationDays", self.invitation_days, 1, 90);
        within("/auditRetentionDays", self.audit_retention_days, 30, 3_650);
        for (pointer, value, most) in [
            ("/callerRequestsPerMinute", self.caller_requests_per_minute, 1_000_000),
            ("/callerRequestsPerDay", self.caller_requests_per_day, 100_000_000),
            ("/callerRequestsPerMonth", self.caller_requests_per_month, 1_000_000_000),
            ("/tenantRequestsPerDay", self.tenant_requests_per_day, 1_000_000_000),
            ("/tenantRequestsPerMonth", self.tenant_requests_per_month, 2_000_000_000),
        ] {
            if let Some(value) = value {
                within(pointer, value, 1, most);
            }
        }
    }
}

/// A tenant's settings, as they count now.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SettingsView {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Raised by every change; 0 when nothing has been set yet.
    pub version: i64,
    /// What counts.
    pub values: TenantSettings,
    /// The names of those that differ from the defaults.
    pub overridden: Vec<String>,
    /// When they last changed.
    pub updated_at: Option<Timestamp>,
}

impl Aggregate for SettingsView {
    fn id(&self) -> Uuid {
        self.tenant_id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// A setting was set or reset.
pub const SETTINGS_CHANGED: EventType<SettingsView> = EventType::new(
    "identity.settings.changed",
    "The tenant set something, or went back to a default.",
    "identity:settings:read",
);

/// As much of [`SettingsView`] as the gateway must understand, also when identity is of another version.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct QuotaSettings {
    /// The version of the settings.
    pub version: i64,
    /// What counts.
    pub values: RequestQuotas,
}

/// The settings that say how often one may ask, as [`TenantSettings`] has them.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "they are described where they are set")]
pub struct RequestQuotas {
    pub caller_requests_per_minute: Option<u32>,
    pub caller_requests_per_day: Option<u32>,
    pub caller_requests_per_month: Option<u32>,
    pub tenant_requests_per_day: Option<u32>,
    pub tenant_requests_per_month: Option<u32>,
}
