//! An event as streams tell it, and who wants to hear it.

use std::sync::Arc;
use std::time::Instant;

use actix_web::web::Bytes;
use auth::Principal;
use contracts::Envelope;
use contracts::identity::GrantedType;
use kernel::EventId;
use uuid::Uuid;

use super::reach::{Reach, about};
use super::types::Types;

/// An event, or a word to the reader, as it goes out.
pub(crate) struct Told {
    /// The event's id; a word to the reader has none.
    pub(super) id: Option<EventId>,
    pub(super) key: String,
    read: &'static str,
    about: Option<(GrantedType, Uuid)>,
    pub(super) at: Instant,
    pub(crate) frame: Bytes,
}

/// What a stream wants to hear, and who is asking.
pub(crate) struct Interest {
    pub(crate) caller: Arc<Principal>,
    pub(crate) types: Types,
    /// What grants let them hear of, beside what they may read wholly.
    pub(crate) reach: Option<Arc<Reach>>,
}

impl Interest {
    pub(super) fn wants(&self, told: &Told) -> bool {
        let granted = || self.reach.as_ref().zip(told.about).is_some_and(|(reach, it)| reach.includes(it, told.read));
        self.types.include(&told.key) && (self.caller.permissions.allow(told.read) || granted())
    }
}

impl Told {
    /// An event as a frame. From where somebody acted is for the audit trail, not for all who may see the noun.
    pub(super) fn event(mut event: Envelope, read: &'static str) -> Option<Arc<Self>> {
        event.clientaddress = None;
        let about = about(&event);
        let (key, json) = (event.key().to_owned(), serde_json::to_string(&event).ok()?);
        let frame = format!("id: {}\nevent: {key}\ndata: {json}\n\n", event.id);
        Some(Arc::new(Self { id: Some(event.id), key, read, about, at: Instant::now(), frame: frame.into() }))
    }

    /// The word that something was missed.
    pub(super) fn reset() -> Arc<Self> {
        let frame = Bytes::from_static(b"event: reset\ndata: {\"detail\":\"Events were missed. Read anew.\"}\n\n");
        Arc::new(Self { id: None, key: String::new(), read: "", about: None, at: Instant::now(), frame })
    }
}
