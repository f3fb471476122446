//! Long quotas: how many requests a caller and a tenant may make in a minute, a day and a month, as the tenant's settings say.
//!
//! A request is counted in memory (`room`), and once a second what was counted is added to the database, which answers what
//! all gateways together have counted (`keep`, `store`): so a quota can be overrun by what they let through in that second. A process
//! that is killed forgets what it counted in its last second. Minutes never leave the process. Nothing here makes a request wait:
//! what the tenant allows is asked in the background, and until it is known there is no quota; without the database the counts
//! wait in memory.

mod api;
mod keep;
mod period;
mod quota;
mod room;
mod slot;
mod store;

use auth::Principal;
use contracts::Envelope;
use contracts::identity::settings::{QuotaSettings, SETTINGS_CHANGED};
use dashmap::DashMap;
use kernel::{Clock, TenantId};
use tokio::sync::Notify;

pub(crate) use self::api::{Own, show};
pub(crate) use self::keep::keep;
pub(crate) use self::quota::Quota;
use self::room::Room;
use self::slot::{Slot, Who};

/// What is free: to look at the quotas, and to change them. Who has used them up must still get there.
const FREE: [&str; 2] = ["/gateway/v1/usage", "/identity/v1/settings"];

/// What this process counts, tenant by tenant. Shared by all workers.
pub(crate) struct Quotas {
    rooms: DashMap<TenantId, Room>,
    clock: Clock,
    /// Rung when somebody asks whose settings are not known.
    stranger: Notify,
}

impl Quotas {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { rooms: DashMap::new(), clock, stranger: Notify::new() }
    }

    /// Counts a request, unless it is free or too many. Tells of the quota that ends first, if the tenant has any.
    pub(crate) fn count(&self, caller: &Principal, path: &str) -> Option<Quota> {
        if FREE.contains(&path) {
            return None;
        }
        let now = self.clock.now();
        let mut room = self.rooms.entry(caller.tenant).or_insert_with(|| {
            self.stranger.notify_one();
            Room::default()
        });
        let quota = room.count(caller.tenant, Who::caller(caller), now)?;
        if quota.is_used_up() {
            metrics::counter!("cairn_gateway_limited_total", "budget" => quota.name()).increment(1);
        }
        Some(quota)
    }

    /// Takes over what an event says of a tenant's settings.
    pub(crate) fn hear(&self, event: &Envelope) {
        if event.key() != SETTINGS_CHANGED.key {
            return;
        }
        match event.state() {
            Ok(told) => self.learn(event.tenantid, told),
            Err(error) => {
                tracing::error!(service = "gateway", event = %event.id, %error, "a tenant's settings cannot be read");
                self.doubt(Some(event.tenantid));
            }
        }
    }

    /// Settings may have changed unheard: of one tenant, or of all.
    pub(crate) fn doubt(&self, tenant: Option<TenantId>) {
        let doubted = self.rooms.iter_mut().filter(|room| tenant.is_none_or(|tenant| *room.key() == tenant));
        doubted.for_each(|mut room| room.doubt());
        self.stranger.notify_one();
    }

    fn learn(&self, tenant: TenantId, told: QuotaSettings) {
        self.rooms.entry(tenant).or_default().learn(told);
    }

    /// The tenants whose settings must be asked for.
    fn unsure(&self) -> Vec<TenantId> {
        self.rooms.iter().filter(|room| room.is_unsure()).map(|room| *room.key()).collect()
    }

    /// What the database does not have yet, by tenant. A tenant that has not asked for a month is forgotten.
    fn owed(&self) -> Vec<(TenantId, Vec<(Slot, i64)>)> {
        let now = self.clock.now();
        let owed = self.rooms.iter_mut().map(|mut room| (*room.key(), room.owed(now)));
        let owed = owed.filter(|(_, counted)| !counted.is_empty()).collect();
        self.rooms.retain(|_, room| !room.is_empty());
        owed
    }
}
