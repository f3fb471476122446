//! An event as streams tell it, and who wants to hear it.

use std::sync::Arc;
use std::time::Instant;

use actix_web::web::Bytes;
use auth::Principal;
use contracts::Envelope;
use kernel::EventId;

use super::types::Types;

/// An event, or a word to the reader, as it goes out.
pub(crate) struct Told {
    /// The event's id; a word to the reader has none.
    pub(super) id: Option<EventId>,
    pub(super) key: String,
    read: &'static str,
    pub(super) at: Instant,
    pub(crate) frame: Bytes,
}

/// What a stream wants to hear, and who is asking.
pub(crate) struct Interest {
    pub(crate) caller: Arc<Principal>,
    pub(crate) types: Types,
}

impl Interest {
    pub(super) fn wants(&self, told: &Told) -> bool {
        self.types.include(&told.key) && self.caller.permissions.allow(told.read)
    }
}

impl Told {
    /// An event as a frame. From where somebody acted is for the audit trail, not for all who may see the noun.
    pub(super) fn event(mut event: Envelope, read: &'static str) -> Option<Arc<Self>> {
        event.clientaddress = None;
        let (key, json) = (event.key().to_owned(), serde_json::to_string(&event).ok()?);
        let frame = format!("id: {}\nevent: {key}\ndata: {json}\n\n", event.id);
        Some(Arc::new(Self { id: Some(event.id), key, read, at: Instant::now(), frame: frame.into() }))
    }

    /// The word that something was missed.
    pub(super) fn reset() -> Arc<Self> {
        let frame = Bytes::from_static(b"event: reset\ndata: {\"detail\":\"Events were missed. Read anew.\"}\n\n");
        Arc::new(Self { id: None, key: String::new(), read: "", at: Instant::now(), frame })
    }
}
