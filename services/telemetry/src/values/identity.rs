//! The identity of a value: the same value, however often it is sent, has the same id. Pure.
//!
//! A value is identified by its attribute, the moment it was observed and the sender's event id (one event may so report
//! several attributes); without an event id, by its content. The id is a UUIDv8 of three parts:
//!
//! ```text
//! 16 bits of the attribute | 52 bits: microseconds since 1970 | 54 bits of SHA-256 (attribute, moment, event id or content)
//! ```
//!
//! So the primary key keeps an attribute's values together and in the order of time: new ones are appended, and a series
//! is read from that one index. Two values can only be confused when the same attribute has both at the same microsecond,
//! and their 54 bits agree.

use kernel::{CustomerAttributeId, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Bits of the three parts.
const ATTRIBUTE_BITS: u32 = 16;
const MOMENT_BITS: u32 = 52;
const HASH_BITS: u32 = 54;

/// What the sender tells one value from another by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark<'a> {
    /// The sender's own id of the event.
    Event(&'a str),
    /// The value itself, in its canonical form: whitespace and the order of names do not matter.
    Content(&'a Value),
}

/// The id of a value.
#[must_use]
pub(crate) fn event_id(attribute: CustomerAttributeId, observed_at: Timestamp, mark: Mark<'_>) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(attribute.0.as_bytes());
    hash.update(observed_at.timestamp_micros().to_be_bytes());
    match mark {
        Mark::Event(id) => {
            hash.update(b"e");
            hash.update(id.as_bytes());
        }
        Mark::Content(value) => {
            hash.update(b"c");
            hash.update(value.to_string().as_bytes());
        }
    }
    let mut first = [0; 16];
    first.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    compose(attribute, observed_at, u128::from_be_bytes(first) >> (128 - HASH_BITS))
}

/// The least and the greatest id that values of an attribute observed within these moments can have.
#[must_use]
pub(crate) fn span(attribute: CustomerAttributeId, from: Timestamp, to: Timestamp) -> (Uuid, Uuid) {
    (compose(attribute, from, 0), compose(attribute, to, (1 << HASH_BITS) - 1))
}

/// Lays the parts out in the 122 bits that a UUIDv8 leaves free: 48, 12 and 62 of them.
fn compose(attribute: CustomerAttributeId, moment: Timestamp, hash: u128) -> Uuid {
    // The end of a UUIDv7 is its random part.
    let attribute = attribute.0.as_u128() & ((1 << ATTRIBUTE_BITS) - 1);
    let moment = u128::try_from(moment.timestamp_micros()).unwrap_or(0).min((1 << MOMENT_BITS) - 1);
    let bits = (((attribute << MOMENT_BITS) | moment) << HASH_BITS) | hash;
    let (high, middle, low) = (bits >> 74, (bits >> 62) & 0xfff, bits & ((1 << 62) - 1));
    Uuid::from_u128((high << 80) | (0x8 << 76) | (middle << 64) | (0b10 << 62) | low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;
    use proptest::prelude::*;
    use serde_json::json;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn content_is_the_same_however_it_is_written() {
        let attribute = CustomerAttributeId::fresh();
        let one: Value = serde_json::from_str(r#"{"a": 1, "b": [true]}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{ "b":[ true ],"a":1 }"#).unwrap();
        let moment = at(1_700_000_000_000_000);
        assert_eq!(
            event_id(attribute, moment, Mark::Content(&one)),
            event_id(attribute, moment, Mark::Content(&other))
        );
        assert_ne!(
            event_id(attribute, moment, Mark::Content(&one)),
            event_id(attribute, moment, Mark::Content(&json!(1)))
        );
    }

    #[test]
    fn an_event_may_report_several_attributes_and_an_id_may_return_at_another_time() {
        let (a, b, moment) = (CustomerAttributeId::fresh(), CustomerAttributeId::fresh(), at(1_700_000_000_000_000));
        let id = event_id(a, moment, Mark::Event("e-1"));
        assert_eq!(id, event_id(a, moment, Mark::Event("e-1")));
        assert_ne!(id, event_id(b, moment, Mark::Event("e-1")));
        assert_ne!(id, event_id(a, moment + Duration::microseconds(1), Mark::Event("e-1")));
        assert_ne!(id, event_id(a, moment, Mark::Event("e-2")));
        assert_ne!(event_id(a, moment, Mark::Event("7")), event_id(a, moment, Mark::Content(&json!(7))));
    }

    #[test]
    fn it_is_a_uuid_of_version_8() {
        let id = event_id(CustomerAttributeId::fresh(), at(1), Mark::Event("e"));
        assert_eq!((id.get_version_num(), id.get_variant()), (8, uuid::Variant::RFC4122));
    }

    proptest! {
        /// Within an attribute, ids sort by time; and every value lies in the span of its moment.
        #[test]
        fn ids_sort_by_time(a in 0..4_000_000_000_000_000_i64, b in 0..4_000_000_000_000_000_i64, x in ".{0,9}", y in ".{0,9}") {
            let attribute = CustomerAttributeId::fresh();
            let (first, second) = (event_id(attribute, at(a), Mark::Event(&x)), event_id(attribute, at(b), Mark::Event(&y)));
            if a != b {
                prop_assert_eq!(first < second, a < b);
            }
            let (least, greatest) = span(attribute, at(a), at(a));
            prop_assert!(least <= first && first <= greatest);
        }
    }
}
