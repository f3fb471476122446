//! Counting what the attributes of a task say, and telling what follows. Pure.

use contracts::adoption::TaskStatus;
use contracts::telemetry::TaskFacts;
use diesel::prelude::*;
use kernel::{AssignmentId, CustomerTaskId, TenantId, Timestamp};

use crate::attributes::Attribute;
use crate::schema::facts;

/// A row of `facts`: the counts that were last announced.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = facts, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Facts {
    pub(crate) tenant_id: TenantId,
    pub(crate) customer_task_id: CustomerTaskId,
    pub(crate) assignment_id: AssignmentId,
    pub(crate) version: i64,
    pub(crate) active: i32,
    pub(crate) required: i32,
    pub(crate) with_data: i32,
    pub(crate) required_with_data: i32,
    pub(crate) met: i32,
    pub(crate) required_met: i32,
    pub(crate) evaluated_at: Timestamp,
    pub(crate) standing: TaskStatus,
}

/// What of an evaluation is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// What nobody was told before.
    News,
    /// Also what they were told before.
    Everything,
}

/// What the attributes of one task say together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) active: i32,
    pub(crate) required: i32,
    pub(crate) with_data: i32,
    pub(crate) required_with_data: i32,
    pub(crate) met: i32,
    pub(crate) required_met: i32,
}

impl Counts {
    /// Counts the attributes of one task.
    pub(crate) fn of<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Self {
        let mut counts = Self::default();
        for attribute in attributes.into_iter().filter(|attribute| attribute.counts()) {
            let one = |holds: bool| i32::from(holds);
            let (required, has_data, met) = (attribute.is_required, attribute.has_data(), attribute.is_met);
            counts.active += 1;
            counts.required += one(required);
            counts.with_data += one(has_data);
            counts.required_with_data += one(required && has_data);
            counts.met += one(met);
            counts.required_met += one(required && met);
        }
        counts
    }

    /// Where the task stands, while an attribute that decides has data: then nothing of before matters.
    pub(crate) fn verdict(self) -> Option<TaskStatus> {
        let Self { active: _, required, with_data, required_with_data, met, required_met } = self;
        match required > 0 {
            true if required_met == required => Some(TaskStatus::Done),
            true => (required_with_data > 0).then_some(TaskStatus::InProgress),
            false if met > 0 => Some(TaskStatus::Done),
            false => (with_data > 0).then_some(TaskStatus::InProgress),
        }
    }

    /// What the status of a task follows from, in plain words: the rules of dap 2.2 that these counts lead to.
    pub(crate) fn in_words(self) -> String {
        let Self { active, required, with_data, required_with_data, met, required_met } = self;
        let silent = "No attribute has data. A task that telemetry had found done is NO_LONGER_USING; one that a person set stays";
        match () {
            () if active == 0 => "The task has no active attribute: telemetry says nothing about it.".to_owned(),
            () if required > 0 && required_met == required => {
                format!("All required attributes are met ({required_met} of {required}): DONE.")
            }
            () if with_data == 0 && required > 0 => format!("{silent}; one that was never done is NOT_STARTED."),
            () if with_data == 0 => format!("{silent}."),
            () if required_with_data > 0 => {
                format!(
                    "{required_met} of {required} required attributes are met and {required_with_data} have data: IN_PROGRESS."
                )
            }
            () if required > 0 => {
                "Only optional attributes have data: a task that was done is IN_PROGRESS, any other stays as it is."
                    .to_owned()
            }
            () if met > 0 => {
                format!("Nothing is required and {met} of {active} optional attributes are met; one is enough: DONE.")
            }
            () => format!(
                "Nothing is required, {with_data} of {active} optional attributes have data and none is met: IN_PROGRESS."
            ),
        }
    }
}

impl Facts {
    /// The facts of a task at a version.
    pub(crate) fn of(
        tenant_id: TenantId,
        (customer_task_id, assignment_id): (CustomerTaskId, AssignmentId),
        (counts, standing): (Counts, TaskStatus),
        version: i64,
        now: Timestamp,
    ) -> Self {
        let Counts { active, required, with_data, required_with_data, met, required_met } = counts;
        Self {
            tenant_id,
            customer_task_id,
            assignment_id,
            version,
            active,
            required,
            with_data,
            required_with_data,
            met,
            required_met,
            evaluated_at: now,
            standing,
        }
    }

    /// The facts after an evaluation, if there is something new to tell. Before the first data there is nothing.
    pub(crate) fn next(
        known: Option<&Self>,
        tenant: TenantId,
        of: (CustomerTaskId, AssignmentId),
        says: (Counts, TaskStatus),
        now: Timestamp,
        telling: Telling,
    ) -> Option<Self> {
        let first =
            |(counts, standing): (Counts, TaskStatus)| counts.with_data > 0 || standing != TaskStatus::NotStarted;
        let news = known.map_or_else(
            || first(says),
            |known| telling == Telling::Everything || (known.counts(), known.standing) != says,
        );
        let version = known.map_or(1, |known| known.version + 1);
        news.then(|| Self::of(tenant, of, says, version, now))
    }

    /// The counts alone.
    pub(crate) fn counts(&self) -> Counts {
        let Self { active, required, with_data, required_with_data, met, required_met, .. } = *self;
        Counts { active, required, with_data, required_with_data, met, required_met }
    }
}

impl From<&Facts> for TaskFacts {
    fn from(facts: &Facts) -> Self {
        let Facts {
            tenant_id: _,
            customer_task_id,
            assignment_id,
            version,
            active,
            required,
            with_data,
            required_with_data,
            met,
            required_met,
            evaluated_at,
            standing,
        } = *facts;
        Self {
            customer_task_id,
            assignment_id,
            version,
            active,
            required,
            with_data,
            required_with_data,
            met,
            required_met,
            standing,
            evaluated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::sample;
    use uuid::Uuid;

    /// The state of one attribute in a test vector of dap 3.15.
    #[derive(Clone, Copy)]
    enum Says {
        Nothing,
        Met,
        Failing,
    }
    use Says::{Failing, Met, Nothing};
    use TaskStatus::{Done, InProgress, NoLongerUsing, NotStarted};

    fn counts(required: &[Says], optional: &[Says]) -> Counts {
        let task = CustomerTaskId::fresh();
        let of = |says: &Says, is_required| {
            let mut attribute = Attribute { is_required, ..sample(task) };
            let value = match says {
                Nothing => None,
                Met => Some("10"),
                Failing => Some("9"),
            };
            if let Some(value) = value {
                attribute.see(Timestamp::from_micros(1), Uuid::from_u128(1), value);
            }
            attribute.judge(attribute.criterion().as_ref(), Timestamp::from_micros(2));
            attribute
        };
        let all: Vec<Attribute> =
            required.iter().map(|says| of(says, true)).chain(optional.iter().map(|says| of(says, false))).collect();
        Counts::of(&all)
    }

    #[test]
    fn the_vectors_of_the_engine_lead_where_they_should() {
        for (required, optional, leads_to) in [
            (&[Nothing, Nothing][..], &[Nothing][..], "NOT_STARTED"),
            (&[Met, Nothing], &[Nothing], "IN_PROGRESS"),
            (&[Met, Met], &[Nothing], "DONE"),
            (&[Nothing, Nothing], &[Met], "any other stays"),
            (&[Met, Failing], &[Nothing], "IN_PROGRESS"),
            (&[], &[Met, Failing], "DONE"),
            (&[], &[Failing, Failing], "IN_PROGRESS"),
            (&[], &[Nothing, Nothing], "NO_LONGER_USING"),
            (&[], &[], "says nothing"),
        ] {
            let words = counts(required, optional).in_words();
            assert!(words.contains(leads_to), "{words}");
        }
    }

    #[test]
    fn counts_are_of_active_attributes() {
        assert_eq!(
            counts(&[Met, Failing, Nothing], &[Met, Nothing]),
            Counts { active: 5, required: 3, with_data: 3, required_with_data: 2, met: 2, required_met: 1 }
        );
        let retired = Attribute { is_active: false, ..sample(CustomerTaskId::fresh()) };
        assert_eq!(Counts::of([&retired]), Counts::default());
    }

    #[test]
    fn facts_are_told_only_when_they_change() {
        let (tenant, of, now) =
            (TenantId::fresh(), (CustomerTaskId::fresh(), AssignmentId::fresh()), Timestamp::from_micros(1));
        let next = |known, says, standing| {
            Facts::next(known, tenant, of, (counts(&[says], &[]), standing), now, Telling::News)
        };
        assert_eq!(next(None, Nothing, NotStarted), None);
        let first = next(None, Failing, InProgress).unwrap();
        assert_eq!(first.version, 1);
        assert_eq!(next(Some(&first), Failing, InProgress), None);
        let second = next(Some(&first), Met, Done).unwrap();
        assert_eq!((second.version, second.required_met), (2, 1));
        let third = next(Some(&second), Nothing, NoLongerUsing).unwrap();
        assert_eq!(next(Some(&third), Nothing, NotStarted).map(|facts| facts.version), Some(4), "the past has changed");
        assert_eq!(next(None, Nothing, NoLongerUsing).map(|facts| facts.version), Some(1), "it all came late");
        let again =
            |known| Facts::next(known, tenant, of, (counts(&[Failing], &[]), InProgress), now, Telling::Everything);
        assert_eq!(again(Some(&first)).map(|facts| facts.version), Some(2), "whoever asks is told again");
    }
}
