//! What an attribute is, and how observations change what is known of it. Pure.
//!
//! The state of an attribute is a fold over two kinds of observations: a value was *seen*, or a complete feed said that
//! it was *gone*. Both take the greatest (by moment, then by id), so any order and any repetition of a history ends in
//! the same state: late, repeated and shuffled deliveries cannot disagree.

use contracts::adoption::{CustomerAttribute, CustomerTaskView};
use contracts::telemetry::AttributeView;
use diesel::prelude::*;
use kernel::{AssignmentId, AttributeId, BatchId, CustomerAttributeId, CustomerTaskId, TenantId, Timestamp};
use rules::{Criterion, DataType};
use serde_json::Value;
use uuid::Uuid;

use crate::rollups::Latest;
use crate::schema::attributes;

/// A row of `attributes`: what adoption says it is, and what the values say of it.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = attributes, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Attribute {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: CustomerAttributeId,
    /// The version of the customer task that last changed the definition.
    pub(crate) version: i64,
    pub(crate) assignment_id: AssignmentId,
    pub(crate) customer_task_id: CustomerTaskId,
    pub(crate) task_name: String,
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    pub(crate) is_required: bool,
    pub(crate) criteria: Option<String>,
    pub(crate) display_order: i32,
    pub(crate) is_active: bool,
    pub(crate) removed_at: Option<Timestamp>,
    pub(crate) latest_value: Option<String>,
    pub(crate) latest_observed_at: Option<Timestamp>,
    pub(crate) latest_event_id: Option<Uuid>,
    pub(crate) emptied_at: Option<Timestamp>,
    pub(crate) is_met: bool,
    pub(crate) last_checked_at: Option<Timestamp>,
    pub(crate) recheck_at: Option<Timestamp>,
    /// The first moment that a complete feed was silent about, after the latest value: when the data vanished.
    pub(crate) vanished_at: Option<Timestamp>,
    /// The catalog's attribute that it was copied from; unknown of those from before it was kept.
    pub(crate) original_attribute_id: Option<AttributeId>,
    /// The batch that brought the latest value; unknown of those whose day was gone before it was kept.
    pub(crate) latest_batch_id: Option<BatchId>,
}

impl Attribute {
    /// An attribute as adoption describes it, of which nothing was observed yet.
    pub(crate) fn of(tenant_id: TenantId, task: &CustomerTaskView, attribute: &CustomerAttribute) -> Self {
        let CustomerAttribute {
            id,
            original_attribute_id,
            name,
            description: _,
            data_type,
            is_required,
            success_criteria,
            display_order,
            is_active,
        } = attribute;
        Self {
            tenant_id,
            id: *id,
            version: task.version,
            assignment_id: task.assignment_id,
            customer_task_id: task.id,
            task_name: task.name.clone(),
            name: name.clone(),
            data_type: *data_type,
            is_required: *is_required,
            criteria: success_criteria.as_ref().filter(|criteria| !criteria.is_null()).map(Value::to_string),
            display_order: *display_order,
            is_active: *is_active,
            removed_at: None,
            latest_value: None,
            latest_observed_at: None,
            latest_event_id: None,
            emptied_at: None,
            is_met: false,
            last_checked_at: None,
            recheck_at: None,
            vanished_at: None,
            original_attribute_id: Some(*original_attribute_id),
            latest_batch_id: None,
        }
    }

    /// Takes over a newer definition; what was observed stays. Says whether anything is different.
    pub(crate) fn redefine(&mut self, newer: Self) -> bool {
        if newer.version <= self.version {
            return false;
        }
        let redefined = Self {
            version: self.version,
            removed_at: self.removed_at,
            latest_value: self.latest_value.clone(),
            latest_observed_at: self.latest_observed_at,
            latest_event_id: self.latest_event_id,
            emptied_at: self.emptied_at,
            is_met: self.is_met,
            last_checked_at: self.last_checked_at,
            recheck_at: self.recheck_at,
            vanished_at: self.vanished_at,
            latest_batch_id: self.latest_batch_id,
            ..newer
        };
        if redefined == *self {
            return false;
        }
        *self = Self { version: newer.version, ..redefined };
        true
    }

    /// A value was seen. Says whether it is the latest now; of two of the same identity the first one stays.
    pub(crate) fn see(&mut self, observed_at: Timestamp, event_id: Uuid, value: &str) -> bool {
        let known = self.latest_observed_at.zip(self.latest_event_id);
        if known.is_some_and(|known| (observed_at, event_id) <= known) {
            return false;
        }
        self.latest_observed_at = Some(observed_at);
        self.latest_event_id = Some(event_id);
        self.latest_value = Some(value.to_owned());
        self.vanished_at = None;
        true
    }

    /// Its latest value was taken back: this one is the latest that is left.
    pub(crate) fn see_only(&mut self, left: Option<Latest>) {
        (self.latest_observed_at, self.latest_event_id, self.latest_value) =
            left.map_or((None, None, None), |(at, id, value)| (Some(at), Some(id), Some(value)));
        self.vanished_at = None;
    }

    /// Its latest value, whether it stands or not.
    pub(crate) fn latest(&self) -> Option<Latest> {
        let (at, id) = self.latest_observed_at.zip(self.latest_event_id)?;
        Some((at, id, self.latest_value.clone()?))
    }

    /// A complete feed said nothing of it. Says whether that is news.
    pub(crate) fn lose(&mut self, at: Timestamp) -> bool {
        let known = (self.emptied_at, self.vanished_at);
        let is_later = self.latest_observed_at.is_some_and(|seen| at >= seen);
        // An earlier silence may be known, of which only the database tells.
        if is_later && !self.is_adrift() {
            self.vanished_at = Some(self.vanished_at.map_or(at, |vanished| vanished.min(at)));
        }
        self.emptied_at = self.emptied_at.max(Some(at));
        known != (self.emptied_at, self.vanished_at)
    }

    /// Whether its data have vanished and it is not known when: its latest value came late, or was taken back.
    pub(crate) fn is_adrift(&self) -> bool {
        self.latest_observed_at.is_some() && !self.has_data() && self.vanished_at.is_none()
    }

    /// Finds out when its data vanished, from the silences about it.
    pub(crate) fn vanish(&mut self, silences: impl Iterator<Item = Timestamp>) {
        self.vanished_at = silences.filter(|at| self.latest_observed_at.is_some_and(|seen| *at >= seen)).min();
    }

    /// What a task's standing follows from: while there are data, whether they meet the criterion; afterwards, what they were
    /// and when they vanished.
    pub(crate) fn says(&self) -> impl PartialEq + use<> {
        (self.has_data(), self.is_met, self.vanished_at, self.latest_event_id.filter(|_| !self.has_data()))
    }

    /// Whether its latest value met the criterion at a moment before it vanished.
    pub(crate) fn was_met(&self, at: Timestamp) -> bool {
        let value = self.latest_value.as_deref().and_then(|text| serde_json::from_str(text).ok());
        self.criterion().is_some_and(|criterion| criterion.evaluate(value.as_ref(), *at).met)
    }

    /// Whether it counts for its task.
    pub(crate) fn counts(&self) -> bool {
        self.is_active && self.removed_at.is_none()
    }

    /// Whether its latest value still stands: no later complete feed has left it out.
    pub(crate) fn has_data(&self) -> bool {
        self.latest_observed_at.is_some_and(|seen| self.emptied_at.is_none_or(|emptied| seen > emptied))
    }

    /// The latest value, while it stands.
    pub(crate) fn standing_value(&self) -> Option<Value> {
        let text = self.latest_value.as_deref().filter(|_| self.has_data())?;
        serde_json::from_str(text).ok()
    }

    /// Whether time alone may have changed the outcome.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.recheck_at.is_some_and(|due| due <= now)
    }

    /// Holds the standing value against the criterion. Without a criterion it is recorded, never met.
    pub(crate) fn judge(&mut self, criterion: Option<&Criterion>, now: Timestamp) {
        let verdict = criterion.map(|criterion| criterion.evaluate(self.standing_value().as_ref(), *now));
        self.is_met = verdict.is_some_and(|verdict| verdict.met);
        self.recheck_at = verdict.and_then(|verdict| verdict.recheck_at).map(Timestamp::from);
        self.last_checked_at = Some(now);
    }

    /// The criterion, ready for use; `None` when there is none, or none that can be read.
    pub(crate) fn criterion(&self) -> Option<Criterion> {
        let json: Value = serde_json::from_str(self.criteria.as_deref()?).ok()?;
        Criterion::parse(&json, self.data_type).ok()
    }
}

impl From<Attribute> for AttributeView {
    fn from(attribute: Attribute) -> Self {
        let has_data = attribute.has_data();
        let Attribute {
            tenant_id: _,
            id,
            version: _,
            assignment_id,
            customer_task_id,
            task_name,
            name,
            data_type,
            is_required,
            criteria: _,
            display_order: _,
            is_active,
            removed_at,
            latest_value,
            latest_observed_at,
            latest_event_id: _,
            emptied_at: _,
            is_met,
            last_checked_at,
            recheck_at,
            vanished_at: _,
            original_attribute_id: _,
            latest_batch_id: _,
        } = attribute;
        Self {
            id,
            assignment_id,
            customer_task_id,
            task_name,
            name,
            data_type,
            is_required,
            is_active: is_active && removed_at.is_none(),
            has_data,
            is_met,
            latest_value: latest_value.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
            latest_observed_at,
            last_checked_at,
            recheck_at,
        }
    }
}

/// An active, required number attribute of task `task` that wants at least 10.
#[cfg(test)]
pub(crate) fn sample(task: CustomerTaskId) -> Attribute {
    Attribute {
        tenant_id: TenantId::fresh(),
        id: CustomerAttributeId::fresh(),
        version: 1,
        assignment_id: AssignmentId::fresh(),
        customer_task_id: task,
        task_name: "Task".to_owned(),
        name: "Attribute".to_owned(),
        data_type: DataType::Number,
        is_required: true,
        criteria: Some(r#"{"operator":">=","value":10}"#.to_owned()),
        display_order: 1,
        is_active: true,
        removed_at: None,
        latest_value: None,
        latest_observed_at: None,
        latest_event_id: None,
        emptied_at: None,
        is_met: false,
        last_checked_at: None,
        recheck_at: None,
        vanished_at: None,
        original_attribute_id: None,
        latest_batch_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Mark, event_id};
    use proptest::prelude::*;

    /// What may happen to an attribute.
    #[derive(Debug, Clone)]
    enum Observation {
        Seen { at: i64, event: u8 },
        Gone { at: i64 },
    }

    fn observation() -> impl Strategy<Value = Observation> {
        prop_oneof![
            4 => (0..6_i64, 0..4_u8).prop_map(|(at, event)| Observation::Seen { at, event }),
            1 => (0..6_i64).prop_map(|at| Observation::Gone { at }),
        ]
    }

    /// The end of a history, judged after each step, as flushes of one observation each would.
    fn end_of(start: &Attribute, history: &[Observation]) -> Attribute {
        let criterion = start.criterion();
        let mut attribute = start.clone();
        for (came, observation) in (1..).zip(history) {
            match observation {
                Observation::Seen { at, event } => {
                    let (at, value) = (Timestamp::from_micros(*at), (i64::from(*event) * 5 + at).to_string());
                    attribute.see(at, event_id(start.id, at, Mark::Event(&event.to_string())), &value);
                }
                Observation::Gone { at } => {
                    attribute.lose(Timestamp::from_micros(*at));
                }
            }
            if attribute.is_adrift() {
                let silences = history.iter().take(came).filter_map(|observation| match observation {
                    Observation::Gone { at } => Some(Timestamp::from_micros(*at)),
                    Observation::Seen { .. } => None,
                });
                attribute.vanish(silences);
            }
            attribute.judge(criterion.as_ref(), Timestamp::from_micros(100));
        }
        attribute
    }

    proptest! {
        /// Any order and any repetition of a history gives the same end.
        #[test]
        fn order_and_repetition_do_not_matter(
            (history, shuffled) in proptest::collection::vec(observation(), 1..12).prop_flat_map(|history| {
                let twice = [history.clone(), history.clone()].concat();
                (Just(history), Just(twice).prop_shuffle())
            }),
        ) {
            let start = sample(CustomerTaskId::fresh());
            prop_assert_eq!(end_of(&start, &history), end_of(&start, &shuffled));
        }
    }

    #[test]
    fn a_late_value_changes_nothing() {
        let mut attribute = sample(CustomerTaskId::fresh());
        assert!(attribute.see(Timestamp::from_micros(20), Uuid::from_u128(1), "12"));
        assert!(!attribute.see(Timestamp::from_micros(10), Uuid::from_u128(9), "3"));
        assert!(!attribute.see(Timestamp::from_micros(20), Uuid::from_u128(1), "other"));
        assert_eq!(attribute.latest_value.as_deref(), Some("12"));
    }

    #[test]
    fn data_vanish_with_a_complete_feed_and_return_with_a_newer_value() {
        let mut attribute = sample(CustomerTaskId::fresh());
        let criterion = attribute.criterion();
        attribute.see(Timestamp::from_micros(10), Uuid::from_u128(1), "12");
        attribute.judge(criterion.as_ref(), Timestamp::from_micros(11));
        assert!(attribute.has_data() && attribute.is_met);
        attribute.lose(Timestamp::from_micros(20));
        attribute.judge(criterion.as_ref(), Timestamp::from_micros(21));
        assert!(!attribute.has_data() && !attribute.is_met);
        attribute.see(Timestamp::from_micros(30), Uuid::from_u128(2), "11");
        attribute.judge(criterion.as_ref(), Timestamp::from_micros(31));
        assert!(attribute.has_data() && attribute.is_met);
    }

    #[test]
    fn without_a_criterion_it_is_recorded_and_never_met() {
        let mut attribute = Attribute { criteria: None, ..sample(CustomerTaskId::fresh()) };
        attribute.see(Timestamp::from_micros(10), Uuid::from_u128(1), "12");
        attribute.judge(None, Timestamp::from_micros(11));
        assert!(attribute.has_data() && !attribute.is_met);
    }

    #[test]
    fn a_definition_changes_forward_only_and_keeps_what_was_observed() {
        let mut attribute = sample(CustomerTaskId::fresh());
        attribute.see(Timestamp::from_micros(10), Uuid::from_u128(1), "12");
        let newer = Attribute { version: 5, name: "Renamed".to_owned(), latest_value: None, ..attribute.clone() };
        assert!(attribute.redefine(newer.clone()));
        assert_eq!((attribute.version, attribute.latest_value.as_deref()), (5, Some("12")));
        assert!(!attribute.redefine(Attribute { version: 6, ..newer.clone() }));
        assert!(!attribute.redefine(Attribute { version: 4, name: "Older".to_owned(), ..newer }));
        assert_eq!(attribute.name, "Renamed");
    }
}
