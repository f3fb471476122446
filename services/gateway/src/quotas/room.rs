//! What is counted of one tenant, in this process: values in, values out.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use contracts::identity::settings::{QuotaSettings, RequestQuotas};
use kernel::{TenantId, Timestamp};

use super::quota::Quota;
use super::slot::{CallerKind, Slot, Who};

/// Settings older than this are asked for again.
const SETTINGS_COUNT_FOR: Duration = Duration::from_secs(60);

/// The requests of a slot.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    /// Of all gateways, when this one last heard.
    known: i64,
    /// Counted here and not yet in the database.
    new: i64,
}

/// A tenant's counts, and what it allows.
#[derive(Default)]
pub(crate) struct Room {
    /// As identity told it; until then there is no quota.
    settings: Option<QuotaSettings>,
    told_at: Option<Instant>,
    /// Whether somebody asked since.
    is_stirring: bool,
    tallies: HashMap<Slot, Tally>,
}

impl Room {
    /// Counts a request, unless a quota is used up. Tells of the quota that ends first.
    pub(crate) fn count(&mut self, tenant: TenantId, caller: Who, now: Timestamp) -> Option<Quota> {
        self.is_stirring = true;
        let slots = [Slot::all(Who::tenant(tenant), now), Slot::all(caller, now)];
        let slots = slots.as_flattened();
        // Of those that are used up the last to end: nothing passes before it does.
        let used_up = self.quotas(slots, now).filter(|quota| quota.left <= Some(0)).max_by_key(Quota::ends_at);
        if let Some(quota) = used_up {
            return Some(Quota { left: None, ..quota });
        }
        for slot in slots {
            self.tallies.entry(*slot).or_default().new += 1;
        }
        self.quotas(slots, now).min_by_key(|quota| quota.left)
    }

    fn quotas(&self, slots: &[Slot], now: Timestamp) -> impl Iterator<Item = Quota> {
        let limits = self.limits();
        slots.iter().filter_map(move |slot| {
            let limit = slot.limit(&limits)?;
            let holder = if slot.who.kind == CallerKind::Tenant { "tenant" } else { "caller" };
            let left = Some(i64::from(limit) - self.requests(slot));
            Some(Quota { holder, period: slot.period, limit, left, starts_at: slot.starts_at, now })
        })
    }

    /// What the tenant allows, as far as it is known.
    pub(crate) fn limits(&self) -> RequestQuotas {
        self.settings.map(|settings| settings.values).unwrap_or_default()
    }

    /// The requests of a slot, as far as this process knows.
    pub(crate) fn requests(&self, slot: &Slot) -> i64 {
        self.tallies.get(slot).map_or(0, |tally| tally.known + tally.new)
    }

    /// Whether the settings are known at all.
    pub(crate) const fn knows_limits(&self) -> bool {
        self.settings.is_some()
    }

    /// Whether somebody asks here and the settings are not known, may have changed unheard, or are too old.
    pub(crate) fn is_unsure(&self) -> bool {
        self.is_stirring && self.told_at.is_none_or(|at| at.elapsed() > SETTINGS_COUNT_FOR)
    }

    /// Takes the settings over, unless later ones are known.
    pub(crate) fn learn(&mut self, told: QuotaSettings) {
        if self.settings.is_none_or(|known| known.version <= told.version) {
            self.settings = Some(told);
        }
        self.told_at = Some(Instant::now());
        self.is_stirring = false;
    }

    /// Has the settings asked for again; they count until then.
    pub(crate) const fn doubt(&mut self) {
        self.told_at = None;
    }

    /// What the database does not have yet, in the order of its rows. What is over and written is forgotten.
    pub(crate) fn owed(&mut self, now: Timestamp) -> Vec<(Slot, i64)> {
        self.tallies.retain(|slot, tally| slot.ends_at() > now || (slot.is_kept() && tally.new > 0));
        let owed = self.tallies.iter().filter(|(slot, tally)| slot.is_kept() && tally.new > 0);
        let mut owed: Vec<_> = owed.map(|(slot, tally)| (*slot, tally.new)).collect();
        owed.sort_unstable();
        owed
    }

    /// Notes that so many requests of a slot are in the database now, and how many there are of all gateways.
    pub(crate) fn settle(&mut self, slot: &Slot, written: i64, total: i64) {
        if let Some(tally) = self.tallies.get_mut(slot) {
            *tally = Tally { known: total, new: tally.new - written };
        }
    }

    /// Whether there is nothing in it that somebody may want again.
    pub(crate) fn is_empty(&self) -> bool {
        self.tallies.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MORNING: &str = "2026-11-30T09:30:10Z";

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn member() -> Who {
        Who { id: Uuid::now_v7(), kind: CallerKind::Member }
    }

    fn room(values: RequestQuotas) -> (Room, TenantId) {
        let mut room = Room::default();
        room.learn(QuotaSettings { version: 1, values });
        (room, TenantId::fresh())
    }

    /// What is left after each of so many requests.
    fn left(room: &mut Room, tenant: TenantId, who: Who, now: &str, times: usize) -> Vec<Option<i64>> {
        (0..times).map(|_| room.count(tenant, who, at(now)).unwrap().left).collect()
    }

    #[test]
    fn each_caller_has_a_quota_that_begins_anew() {
        let (mut room, tenant) =
            room(RequestQuotas { caller_requests_per_minute: Some(3), ..RequestQuotas::default() });
        let (one, other) = (member(), member());
        assert_eq!(left(&mut room, tenant, one, MORNING, 5), [Some(2), Some(1), Some(0), None, None]);
        assert_eq!(left(&mut room, tenant, other, MORNING, 1), [Some(2)]);
        let quota = room.count(tenant, one, at(MORNING)).unwrap();
        let refusal = quota.refusal();
        assert_eq!((refusal.kind().code, refusal.retry_after_seconds()), ("QUOTA_EXCEEDED", Some(50)));
        assert_eq!(
            refusal.text(),
            "The caller's quota of 3 requests a minute is used up. It begins anew at 2026-11-30T09:31:00Z."
        );
        assert_eq!(
            (quota.policy(), quota.state()),
            ("\"caller-minute\";q=3;w=60".to_owned(), "\"caller-minute\";r=0;t=50".to_owned())
        );
        assert_eq!(left(&mut room, tenant, one, "2026-11-30T09:31:00Z", 1), [Some(2)]);
        assert_eq!(room.requests(&Slot::all(one, at(MORNING))[1]), 4, "what was refused does not count");
    }

    #[test]
    fn of_several_quotas_the_first_to_end_is_told_and_the_last_to_end_refuses() {
        let (mut room, tenant) = room(RequestQuotas {
            caller_requests_per_minute: Some(2),
            caller_requests_per_day: Some(9),
            tenant_requests_per_month: Some(3),
            ..RequestQuotas::default()
        });
        let told = |quota: Option<Quota>| quota.map(|quota| (quota.name(), quota.left)).unwrap();
        assert_eq!(told(room.count(tenant, member(), at(MORNING))), ("caller-minute".to_owned(), Some(1)));
        let me = member();
        assert_eq!(told(room.count(tenant, me, at(MORNING))), ("tenant-month".to_owned(), Some(1)));
        room.count(tenant, me, at(MORNING));
        assert_eq!(told(room.count(tenant, me, at(MORNING))), ("tenant-month".to_owned(), None));
        assert_eq!(told(room.count(tenant, me, at("2026-12-01T00:00:00Z"))), ("caller-minute".to_owned(), Some(1)));
    }

    #[test]
    fn without_settings_all_passes_and_is_counted_and_older_ones_are_not_taken_back() {
        let (mut room, tenant, me) = (Room::default(), TenantId::fresh(), member());
        assert!(room.count(tenant, me, at(MORNING)).is_none() && room.is_unsure() && !room.knows_limits());
        let told = |version, limit| QuotaSettings {
            version,
            values: RequestQuotas { tenant_requests_per_day: limit, ..RequestQuotas::default() },
        };
        room.learn(told(2, Some(2)));
        room.learn(told(1, None));
        assert!(!room.is_unsure());
        assert_eq!(left(&mut room, tenant, me, MORNING, 2), [Some(0), None]);
        room.doubt();
        assert!(room.is_unsure() && room.count(tenant, me, at(MORNING)).unwrap().is_used_up());
    }

    #[test]
    fn what_others_counted_counts_and_nothing_is_owed_twice_or_forgotten() {
        let (mut room, tenant) = room(RequestQuotas { caller_requests_per_day: Some(10), ..RequestQuotas::default() });
        let (me, midnight) = (member(), "2026-12-01T00:00:00Z");
        room.count(tenant, me, at(MORNING));
        let owed = room.owed(at(MORNING));
        assert_eq!(owed.len(), 4, "a day and a month of the caller and of the tenant: {owed:?}");
        // Another request comes while the first is being written; and another gateway had counted four.
        room.count(tenant, me, at(MORNING));
        for (slot, written) in &owed {
            room.settle(slot, *written, 5);
        }
        assert_eq!(left(&mut room, tenant, me, MORNING, 1), [Some(3)]);
        assert!(room.owed(at(MORNING)).iter().all(|(_, new)| *new == 2));
        // What could not be written waits beyond its end.
        let late = room.owed(at(midnight));
        assert_eq!(late.len(), 4);
        for (slot, written) in &late {
            room.settle(slot, *written, 7);
        }
        assert!(room.owed(at(midnight)).is_empty() && room.is_empty());
    }
}
