//! Who hears what: the events of the last minutes, tenant by tenant, and the streams that are open.
//!
//! Each event is written as a frame once, and that frame is shared by the ring and by every stream. A stream whose queue is
//! full is ended: its client reads too slowly, and comes back with the id of the last event it has read.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contracts::Envelope;
use kernel::problem::RATE_LIMITED;
use kernel::{EventId, Problem, TenantId, UserId};
use tokio::sync::mpsc;

use super::reach;
use super::told::{Interest, Told};

/// How long, and up to how many bytes of a tenant, an event can be asked for again.
const KEPT_FOR: Duration = Duration::from_secs(300);
const KEPT_BYTES: usize = 512 * 1024;
/// The same of all tenants together.
const KEPT_BYTES_OF_ALL: usize = 64 * 1024 * 1024;
/// Events that a stream may lag behind.
const QUEUE: usize = 64;

/// All streams of this process, and what they may want to read again.
pub(crate) struct Hub {
    /// The permission that reads each type of event. What is not in here, nobody reads.
    permissions: HashMap<&'static str, &'static str>,
    streams_of_one: usize,
    rooms: Mutex<Rooms>,
}

#[derive(Default)]
struct Rooms {
    tenants: HashMap<TenantId, Room>,
    bytes: usize,
    number: u64,
    hears: bool,
    closed: bool,
}

#[derive(Default)]
struct Room {
    recent: VecDeque<Arc<Told>>,
    bytes: usize,
    listeners: Vec<Listener>,
}

struct Listener {
    number: u64,
    user: UserId,
    interest: Interest,
    queue: mpsc::Sender<Arc<Told>>,
}

/// An open stream: what it missed, then what comes. It leaves the hub when it is dropped.
pub(crate) struct Subscription {
    pub(crate) missed: VecDeque<Arc<Told>>,
    pub(crate) queue: mpsc::Receiver<Arc<Told>>,
    hub: Arc<Hub>,
    tenant: TenantId,
    number: u64,
}

impl Hub {
    /// A hub that nobody listens to. One user may hold so many streams open.
    pub(crate) fn new(streams_of_one: usize) -> Self {
        let permissions = contracts::events().into_iter().map(|event| (event.key, event.read)).collect();
        Self { permissions, streams_of_one, rooms: Mutex::default() }
    }

    /// Tells an event to those of its tenant who may read it and want to. Whoever grants narrow is ended when it may have moved
    /// what they reach: with the next stream they are judged anew.
    pub(crate) fn tell(&self, event: Envelope) {
        let (tenant, moves_reach) = (event.tenantid, reach::is_moved_by(&event));
        let Some(told) = self.permissions.get(event.key()).and_then(|read| Told::event(event, read)) else { return };
        let mut rooms = self.rooms();
        let Rooms { tenants, bytes, .. } = &mut *rooms;
        let room = tenants.entry(tenant).or_default();
        room.listeners.retain(|listener| listener.take(&told) && !(moves_reach && listener.interest.reach.is_some()));
        let (before, length) = (room.bytes, told.frame.len());
        room.recent.push_back(told);
        room.bytes += length;
        // Where all together have too much, none may grow.
        room.forget(if *bytes + length > KEPT_BYTES_OF_ALL { before } else { KEPT_BYTES });
        *bytes = *bytes + room.bytes - before;
    }

    /// Begins a stream: after the event that was read last, when that is still known, else with a word that it is not.
    pub(crate) fn listen(self: &Arc<Self>, interest: Interest, last: Option<&str>) -> Result<Subscription, Problem> {
        let (tenant, user) = (interest.caller.tenant, interest.caller.user);
        let (sender, queue) = mpsc::channel(QUEUE);
        let mut rooms = self.rooms();
        rooms.number += 1;
        let (number, closed) = (rooms.number, rooms.closed);
        let room = rooms.tenants.entry(tenant).or_default();
        if room.listeners.iter().filter(|listener| listener.user == user).count() >= self.streams_of_one {
            let how = format!("One user may hold {} streams open. Close one first.", self.streams_of_one);
            return Err(RATE_LIMITED.detail(how).retry_after(15));
        }
        let missed = last.map_or_else(VecDeque::new, |last| room.after(last, &interest));
        if !closed {
            room.listeners.push(Listener { number, user, interest, queue: sender });
            metrics::gauge!("cairn_gateway_event_streams").increment(1);
        }
        Ok(Subscription { missed, queue, hub: Arc::clone(self), tenant, number })
    }

    /// Whether the broker's events come in.
    pub(crate) fn hears(&self) -> bool {
        self.rooms().hears
    }

    /// Notes that the broker's events come in from now on, or do not. Some may have passed unheard before: what was kept has a
    /// gap, and every reader must read anew.
    pub(crate) fn connected(&self, hears: bool) {
        let mut rooms = self.rooms();
        rooms.hears = hears;
        if !hears {
            return;
        }
        let reset = Told::reset();
        rooms.bytes = 0;
        for room in rooms.tenants.values_mut() {
            room.recent.clear();
            room.bytes = 0;
            let stays = |listener: &Listener| listener.queue.try_send(Arc::clone(&reset)).is_ok();
            // What was missed may be a grant that was taken back.
            room.listeners.retain(|listener| stays(listener) && listener.interest.reach.is_none());
        }
    }

    /// Drops what is too old to be asked for, and the tenants of whom nothing is left.
    pub(crate) fn forget_the_old(&self) {
        let mut rooms = self.rooms();
        rooms.tenants.values_mut().for_each(|room| room.forget(KEPT_BYTES));
        rooms.tenants.retain(|_, room| !room.recent.is_empty() || !room.listeners.is_empty());
        rooms.bytes = rooms.tenants.values().map(|room| room.bytes).sum();
    }

    /// Ends every stream, and those that still come.
    pub(crate) fn close(&self) {
        let mut rooms = self.rooms();
        rooms.closed = true;
        rooms.tenants.values_mut().for_each(|room| room.listeners.clear());
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// What came after an event, as far as one wants it.
    fn after(&self, last: &str, interest: &Interest) -> VecDeque<Arc<Told>> {
        let id = last.parse::<EventId>().ok();
        match self.recent.iter().position(|told| told.id.is_some() && told.id == id) {
            Some(at) => self.recent.iter().skip(at + 1).filter(|told| interest.wants(told)).cloned().collect(),
            None => VecDeque::from([Told::reset()]),
        }
    }

    fn forget(&mut self, most: usize) {
        let is_old = |told: &Arc<Told>| told.at.elapsed() > KEPT_FOR;
        while self.bytes > most || self.recent.front().is_some_and(is_old) {
            let Some(told) = self.recent.pop_front() else { return };
            self.bytes -= told.frame.len();
        }
    }
}

impl Listener {
    /// Whether the listener stays: takes what it wants, and has room for it.
    fn take(&self, told: &Arc<Told>) -> bool {
        let stays = !self.interest.wants(told) || self.queue.try_send(Arc::clone(told)).is_ok();
        if !stays {
            metrics::counter!("cairn_gateway_event_streams_too_slow_total").increment(1);
        }
        stays
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        metrics::gauge!("cairn_gateway_event_streams").decrement(1);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(room) = self.hub.rooms().tenants.get_mut(&self.tenant) {
            room.listeners.retain(|listener| listener.number != self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use auth::{AUDIENCE, Claims, ISSUER, Jwks, Patterns, Principal, SigningKey, Verifier};
    use kernel::{Clock, SessionId};
    use serde_json::json;

    use super::super::types::Types;
    use super::*;

    fn caller(tenant: TenantId, user: UserId, permission: &str) -> Arc<Principal> {
        let (key, now) = (SigningKey::from_seed("k", &[1; 32]).unwrap(), Clock::system().now());
        let verifier = Verifier::default();
        verifier.set_keys(&Jwks { keys: vec![key.public()] });
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            tid: tenant,
            sid: SessionId::fresh(),
            perms: Patterns::new([permission.to_owned()]),
            grt: None,
            con: None,
            pwc: false,
            enr: false,
            cli: false,
            auth_time: 0,
            iat: now.timestamp(),
            ims: now.timestamp_millis(),
            nbf: now.timestamp(),
            exp: now.timestamp() + 60,
        };
        verifier.verify(&key.sign(&claims).unwrap(), now).unwrap()
    }

    fn event(tenant: TenantId, kind: &str, bytes: usize) -> Envelope {
        serde_json::from_value(json!({
            "specversion": "1.0", "id": EventId::fresh(), "source": "/cairn/x", "type": format!("cairn.{kind}.v1"),
            "subject": EventId::fresh(), "time": Clock::system().now(), "tenantid": tenant, "actorid": "a",
            "clientaddress": "198.51.100.7", "aggregateversion": 1, "traceparent": "t",
            "datacontenttype": "application/json", "data": { "state": { "name": "x".repeat(bytes) }, "changes": {} },
        }))
        .unwrap()
    }

    fn listen(hub: &Arc<Hub>, caller: &Arc<Principal>, last: Option<EventId>) -> Subscription {
        let interest = Interest { caller: Arc::clone(caller), types: Types::default(), reach: None };
        hub.listen(interest, last.map(|id| id.to_string()).as_deref()).ok().unwrap()
    }

    fn heard(subscription: &mut Subscription) -> Vec<String> {
        let mut all: Vec<_> = subscription.missed.drain(..).collect();
        all.extend(std::iter::from_fn(|| subscription.queue.try_recv().ok()));
        all.iter().map(|told| if told.id.is_some() { told.key.clone() } else { "reset".to_owned() }).collect()
    }

    #[test]
    fn each_hears_of_their_tenant_what_they_may_read() {
        let (hub, tenant) = (Arc::new(Hub::new(9)), TenantId::fresh());
        let mut all = listen(&hub, &caller(tenant, UserId::fresh(), "*"), None);
        let mut some = listen(&hub, &caller(tenant, UserId::fresh(), "catalog:*:read"), None);
        let mut stranger = listen(&hub, &caller(TenantId::fresh(), UserId::fresh(), "*"), None);
        for kind in ["catalog.product.created", "identity.role.created", "nobody.knows.this"] {
            hub.tell(event(tenant, kind, 1));
        }
        assert_eq!(heard(&mut all), ["catalog.product.created", "identity.role.created"]);
        assert_eq!(heard(&mut some), ["catalog.product.created"]);
        assert!(heard(&mut stranger).is_empty());
    }

    #[test]
    fn who_comes_back_hears_what_was_missed_or_that_it_is_gone() {
        let (hub, tenant) = (Arc::new(Hub::new(9)), TenantId::fresh());
        let me = caller(tenant, UserId::fresh(), "*");
        let (first, second) = (event(tenant, "catalog.product.created", 1), event(tenant, "catalog.task.created", 1));
        let (known, frame) = (first.id, format!("id: {}\nevent: catalog.task.created\ndata: {{", second.id));
        hub.tell(first);
        hub.tell(second);
        let mut back = listen(&hub, &me, Some(known));
        let text = String::from_utf8(back.missed[0].frame.to_vec()).unwrap();
        assert!(text.starts_with(&frame) && text.ends_with("}\n\n") && !text.contains("198.51.100.7"), "{text}");
        assert_eq!(heard(&mut back), ["catalog.task.created"]);
        assert_eq!(heard(&mut listen(&hub, &me, Some(EventId::fresh()))), ["reset"]);
        assert!(!hub.hears());
        hub.connected(true);
        assert!(hub.hears());
        assert_eq!(heard(&mut back), ["reset"]);
        assert_eq!(heard(&mut listen(&hub, &me, Some(known))), ["reset"]);
    }

    #[test]
    fn whom_grants_narrow_is_judged_anew_when_one_may_have_passed_unheard() {
        let (hub, tenant) = (Arc::new(Hub::new(9)), TenantId::fresh());
        let me = caller(tenant, UserId::fresh(), "catalog:*:read");
        let reach = Some(Arc::new(reach::Reach::of_nothing()));
        let narrowed = Interest { caller: Arc::clone(&me), types: Types::default(), reach };
        let mut narrowed = hub.listen(narrowed, None).ok().unwrap();
        let mut other = listen(&hub, &me, None);
        hub.connected(true);
        for stream in [&mut narrowed, &mut other] {
            assert_eq!(heard(stream), ["reset"]);
        }
        assert!(narrowed.queue.is_closed() && !other.queue.is_closed());
    }

    #[test]
    fn what_is_kept_is_bounded_and_shared() {
        let (hub, tenant) = (Arc::new(Hub::new(9)), TenantId::fresh());
        let oldest = event(tenant, "catalog.task.created", 10_000);
        let id = oldest.id;
        hub.tell(oldest);
        (0..100).for_each(|_| hub.tell(event(tenant, "catalog.task.created", 10_000)));
        let rooms = hub.rooms();
        assert!(
            rooms.bytes <= KEPT_BYTES
                && rooms.bytes > KEPT_BYTES - 20_000
                && rooms.bytes == rooms.tenants[&tenant].bytes
        );
        drop(rooms);
        assert_eq!(heard(&mut listen(&hub, &caller(tenant, UserId::fresh(), "*"), Some(id))), ["reset"]);
        hub.forget_the_old();
        assert_eq!(hub.rooms().tenants.len(), 1);
    }

    #[test]
    fn who_reads_too_slowly_is_ended_and_others_go_on() {
        let (hub, tenant) = (Arc::new(Hub::new(9)), TenantId::fresh());
        let mut slow = listen(&hub, &caller(tenant, UserId::fresh(), "*"), None);
        let mut quick = listen(&hub, &caller(tenant, UserId::fresh(), "*"), None);
        for _ in 0..=QUEUE {
            hub.tell(event(tenant, "catalog.task.created", 1));
            assert_eq!(heard(&mut quick).len(), 1);
        }
        assert_eq!(heard(&mut slow).len(), QUEUE);
        assert!(slow.queue.is_closed() && !quick.queue.is_closed());
    }

    #[test]
    fn one_user_holds_so_many_streams_and_leaves_nothing_behind() {
        let (hub, tenant, user) = (Arc::new(Hub::new(2)), TenantId::fresh(), UserId::fresh());
        let me = caller(tenant, user, "*");
        let (one, _two) = (listen(&hub, &me, None), listen(&hub, &me, None));
        let third = || hub.listen(Interest { caller: Arc::clone(&me), types: Types::default(), reach: None }, None);
        assert_eq!(third().err().unwrap().kind(), &RATE_LIMITED);
        listen(&hub, &caller(tenant, UserId::fresh(), "*"), None);
        drop(one);
        let mut third = third().ok().unwrap();
        hub.close();
        assert!(third.queue.try_recv().is_err() && third.queue.is_closed());
        hub.forget_the_old();
        assert!(hub.rooms().tenants.is_empty());
    }
}
