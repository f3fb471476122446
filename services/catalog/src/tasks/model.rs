//! What a task is, how it may change, and how much the tasks of one owner may weigh. Pure.

use contracts::catalog::{LicenseLevel, TaskView};
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{Check, Hundredths, OutcomeId, Problem, ReleaseId, TagId, TaskId, TenantId, Timestamp};
use uuid::Uuid;

use super::body::{CreateTask, TaskPatch};
use crate::fields;
use crate::order::Placed;
use crate::owners::{Owner, OwnerKind, Under};
use crate::refusals::Refusal;
use crate::schema::tasks;

/// The most outcomes, releases or tags a task names of each.
const MOST_LINKS: usize = 200;
/// The most minutes a task may be estimated at: some two years.
const MOST_MINUTES: i32 = 1_000_000;

static WEIGHT_EXCEEDED: ProblemKind =
    ProblemKind::new("TASK_WEIGHT_EXCEEDED", 422, "The tasks would weigh more than 100");
static EXTERNAL_KEY_TAKEN: ProblemKind =
    ProblemKind::new("TASK_EXTERNAL_KEY_TAKEN", 409, "Another task has this external key");
static DELETED: ProblemKind = ProblemKind::new("TASK_DELETED", 409, "The task is deleted");

/// What two tasks of a tenant cannot share.
pub(super) static REFUSALS: &[Refusal] = &[(
    "tasks_external_key_key",
    &EXTERNAL_KEY_TAKEN,
    "Another task of this tenant has this externalKey; choose another.",
)];

/// A row of `tasks`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tasks, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Task {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: TaskId,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) owner_kind: OwnerKind,
    pub(crate) owner_id: Uuid,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) weight: Hundredths,
    pub(crate) sequence_number: i32,
    pub(crate) license_level: LicenseLevel,
    pub(crate) est_minutes: i32,
    pub(crate) how_to_doc: Vec<String>,
    pub(crate) how_to_video: Vec<String>,
    pub(crate) outcome_ids: Vec<OutcomeId>,
    pub(crate) release_ids: Vec<ReleaseId>,
    pub(crate) tag_ids: Vec<TagId>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
}

/// How the live tasks of an owner stand: how many they are and what they weigh together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) tasks: i32,
    pub(crate) weight: Hundredths,
}

impl Standing {
    /// Whether one more task of this weight fits under 100.
    ///
    /// # Errors
    /// 422 saying by how much it does not.
    pub(crate) fn admit(self, weight: Hundredths) -> Result<(), Problem> {
        let sum = self.weight + weight;
        if sum <= Hundredths::HUNDRED {
            return Ok(());
        }
        let (over, left) = (sum - Hundredths::HUNDRED, self.left());
        Err(WEIGHT_EXCEEDED.detail(format!(
            "The tasks would weigh {sum} together, {over} over 100: {left} is left for this one. Lighten it or others."
        )))
    }

    /// As [`Standing::admit`], for a weight that stands in the request: the refusal names the field.
    fn admit_new(self, weight: Hundredths) -> Result<(), Problem> {
        let left = self.left();
        self.admit(weight).map_err(|problem| problem.at("/weight", "TOO_MUCH", format!("is {weight}; {left} is left")))
    }

    fn left(self) -> Hundredths {
        Hundredths::HUNDRED - self.weight
    }
}

impl Task {
    /// A new task, at the place it asks for or after the last one.
    pub(crate) fn create(command: CreateTask, under: &Under, standing: Standing) -> Result<Self, Problem> {
        let CreateTask {
            name,
            description,
            notes,
            weight,
            sequence_number,
            license_level,
            est_minutes,
            how_to_doc,
            how_to_video,
            outcome_ids,
            release_ids,
            tag_ids,
            external_key,
        } = command;
        let last = standing.tasks + 1;
        let task = Self {
            tenant_id: under.tenant,
            id: TaskId::fresh(),
            version: 1,
            revision: under.revision,
            owner_kind: under.owner.kind(),
            owner_id: under.owner.id(),
            external_key,
            name: name.trim().to_owned(),
            description,
            notes,
            weight,
            sequence_number: sequence_number.unwrap_or(last),
            license_level: license_level.unwrap_or(LicenseLevel::Essential),
            est_minutes,
            how_to_doc,
            how_to_video,
            outcome_ids,
            release_ids,
            tag_ids,
            created_at: under.now,
            updated_at: under.now,
            deleted_at: None,
        };
        task.check(Check::new())?;
        standing.admit_new(task.weight)?;
        Ok(Self { sequence_number: task.sequence_number.min(last), ..task })
    }

    /// The task after a patch; `others` is how the owner's other tasks stand.
    pub(crate) fn change(mut self, patch: TaskPatch, under: &Under, others: Standing) -> Result<Self, Problem> {
        let TaskPatch {
            name,
            description,
            notes,
            weight,
            sequence_number,
            license_level,
            est_minutes,
            how_to_doc,
            how_to_video,
            outcome_ids,
            release_ids,
            tag_ids,
            external_key,
        } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        check.not_null("/weight", weight.set(&mut self.weight));
        check.not_null("/sequenceNumber", sequence_number.set(&mut self.sequence_number));
        check.not_null("/licenseLevel", license_level.set(&mut self.license_level));
        check.not_null("/estMinutes", est_minutes.set(&mut self.est_minutes));
        check.not_null("/howToDoc", how_to_doc.set(&mut self.how_to_doc));
        check.not_null("/howToVideo", how_to_video.set(&mut self.how_to_video));
        check.not_null("/outcomeIds", outcome_ids.set(&mut self.outcome_ids));
        check.not_null("/releaseIds", release_ids.set(&mut self.release_ids));
        check.not_null("/tagIds", tag_ids.set(&mut self.tag_ids));
        description.set_option(&mut self.description);
        notes.set_option(&mut self.notes);
        external_key.set_option(&mut self.external_key);
        self.name = self.name.trim().to_owned();
        self.check(check)?;
        others.admit_new(self.weight)?;
        self.sequence_number = self.sequence_number.min(others.tasks + 1);
        Ok(self.touched(under))
    }

    /// The task as deleted: out of the line, its weight free for others.
    pub(crate) fn delete(self, under: &Under) -> Self {
        Self { deleted_at: Some(under.now), sequence_number: 0, ..self.touched(under) }
    }

    /// The task brought back at the end of the line, if its weight still fits.
    pub(crate) fn restore(self, under: &Under, others: Standing) -> Result<Self, Problem> {
        others.admit(self.weight)?;
        Ok(Self { deleted_at: None, sequence_number: others.tasks + 1, ..self.touched(under) })
    }

    /// The task at its next version.
    pub(crate) fn touched(self, under: &Under) -> Self {
        Self { version: self.version + 1, revision: under.revision, updated_at: under.now, ..self }
    }

    /// A deleted task is not changed.
    pub(crate) fn live(self) -> Result<Self, Problem> {
        match self.deleted_at {
            None => Ok(self),
            Some(_) => Err(DELETED.detail(format!("Restore it first: POST /catalog/v1/tasks/{}/restore.", self.id))),
        }
    }

    fn check(&self, mut check: Check) -> Result<(), Problem> {
        fields::name(&mut check, &self.name);
        fields::description(&mut check, self.description.as_deref());
        check.optional_text("/notes", self.notes.as_deref(), 5_000);
        fields::external_key(&mut check, self.external_key.as_deref());
        let weight = self.weight;
        let bounds = Hundredths::ZERO..=Hundredths::HUNDRED;
        check.that(bounds.contains(&weight), "/weight", "OUT_OF_RANGE", || format!("is {weight}; give 0 to 100"));
        let place = self.sequence_number;
        check.that(place >= 1, "/sequenceNumber", "OUT_OF_RANGE", || format!("is {place}; places start at 1"));
        let minutes = self.est_minutes;
        let bounds = 0..=MOST_MINUTES;
        check.that(bounds.contains(&minutes), "/estMinutes", "OUT_OF_RANGE", || {
            format!("is {minutes}; give 0 to {MOST_MINUTES}")
        });
        fields::urls(&mut check, "/howToDoc", &self.how_to_doc);
        fields::urls(&mut check, "/howToVideo", &self.how_to_video);
        links(&mut check, "/outcomeIds", &self.outcome_ids);
        links(&mut check, "/releaseIds", &self.release_ids);
        links(&mut check, "/tagIds", &self.tag_ids);
        check.finish()
    }
}

fn links<Id: Ord>(check: &mut Check, pointer: &str, ids: &[Id]) {
    check.that(ids.len() <= MOST_LINKS, pointer, "TOO_MANY", || {
        format!("names {}; give {MOST_LINKS} at most", ids.len())
    });
    check.distinct(pointer, ids);
}

impl Placed for Task {
    type Id = TaskId;

    fn id(&self) -> TaskId {
        self.id
    }

    fn place(&self) -> i32 {
        self.sequence_number
    }

    fn moved(self, place: i32, under: &Under) -> Self {
        Self { sequence_number: place, ..self.touched(under) }
    }
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        let Task {
            tenant_id: _,
            id,
            version,
            revision,
            owner_kind,
            owner_id,
            external_key,
            name,
            description,
            notes,
            weight,
            sequence_number,
            license_level,
            est_minutes,
            how_to_doc,
            how_to_video,
            outcome_ids,
            release_ids,
            tag_ids,
            created_at,
            updated_at,
            deleted_at,
        } = task;
        let (product_id, solution_id) = Owner::of(owner_kind, owner_id).ids();
        Self {
            id,
            version,
            revision,
            product_id,
            solution_id,
            external_key,
            name,
            description,
            notes,
            weight,
            sequence_number,
            license_level,
            est_minutes,
            how_to_doc,
            how_to_video,
            outcome_ids,
            release_ids,
            tag_ids,
            created_at,
            updated_at,
            deleted_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use kernel::Field;

    use super::*;

    fn task(weight: Hundredths, standing: Standing, under: &Under) -> Result<Task, Problem> {
        let command = CreateTask { name: "Connect".into(), weight, ..CreateTask::default() };
        Task::create(command, under, standing)
    }

    /// How all live tasks but one stand, as the store would sum it up.
    fn standing(tasks: &[Task], but: Option<TaskId>) -> Standing {
        let others: Vec<&Task> =
            tasks.iter().filter(|task| task.deleted_at.is_none() && Some(task.id) != but).collect();
        Standing { tasks: others.len().try_into().unwrap(), weight: others.iter().map(|task| task.weight).sum() }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Add(i32),
        Change(usize, i32),
        Delete(usize),
        Restore(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..6_000).prop_map(Step::Add),
            (any::<usize>(), 0..6_000).prop_map(|(which, weight)| Step::Change(which, weight)),
            any::<usize>().prop_map(Step::Delete),
            any::<usize>().prop_map(Step::Restore),
        ]
    }

    proptest! {
        #[test]
        fn weights_never_pass_a_hundred_and_only_a_misfit_is_refused(steps in prop::collection::vec(step(), 0..60)) {
            let under = Under::test();
            let mut tasks: Vec<Task> = Vec::new();
            for step in steps {
                let pick = |which: usize, deleted: bool| {
                    let found: Vec<Task> = tasks.iter().filter(|task| task.deleted_at.is_some() == deleted).cloned().collect();
                    if found.is_empty() { None } else { Some(found[which % found.len()].clone()) }
                };
                let (before, outcome, asked) = match step {
                    Step::Add(weight) => (None, task(Hundredths(weight), standing(&tasks, None), &under), Hundredths(weight)),
                    Step::Change(which, weight) => {
                        let Some(before) = pick(which, false) else { continue };
                        let patch = TaskPatch { weight: Field::Value(Hundredths(weight)), ..TaskPatch::default() };
                        let others = standing(&tasks, Some(before.id));
                        (Some(before.clone()), before.change(patch, &under, others), Hundredths(weight))
                    }
                    Step::Delete(which) => {
                        let Some(before) = pick(which, false) else { continue };
                        (Some(before.clone()), Ok(before.delete(&under)), Hundredths::ZERO)
                    }
                    Step::Restore(which) => {
                        let Some(before) = pick(which, true) else { continue };
                        let (others, weight) = (standing(&tasks, None), before.weight);
                        (Some(before.clone()), before.restore(&under, others), weight)
                    }
                };
                let fits = standing(&tasks, before.as_ref().map(|task| task.id)).weight + asked <= Hundredths::HUNDRED;
                prop_assert_eq!(outcome.is_ok(), fits);
                if let Ok(after) = outcome {
                    tasks.retain(|task| task.id != after.id);
                    tasks.push(after);
                }
                prop_assert!(standing(&tasks, None).weight <= Hundredths::HUNDRED);
            }
        }
    }

    #[test]
    fn the_refusal_says_by_how_much() {
        let others = Standing { tasks: 2, weight: Hundredths(9_000) };
        assert!(others.admit(Hundredths(1_000)).is_ok());
        let problem = others.admit(Hundredths(1_001)).unwrap_err();
        assert_eq!(problem.kind().code, "TASK_WEIGHT_EXCEEDED");
        assert_eq!(
            problem.text(),
            "The tasks would weigh 100.01 together, 0.01 over 100: 10.00 is left for this one. Lighten it or others."
        );
    }

    #[test]
    fn a_patch_changes_what_it_names_and_clears_only_what_may_be_empty() {
        let (under, alone) = (Under::test(), Standing::default());
        let task = task(Hundredths(500), alone, &under).unwrap();
        let patch: TaskPatch = serde_json::from_str(r#"{"description":"x","estMinutes":30,"outcomeIds":[]}"#).unwrap();
        let changed = task.clone().change(patch, &under, alone).unwrap();
        assert_eq!((changed.description.as_deref(), changed.est_minutes, changed.version), (Some("x"), 30, 2));
        assert_eq!((&changed.name, changed.weight, changed.revision), (&task.name, task.weight, under.revision));
        let patch: TaskPatch = serde_json::from_str(r#"{"description":null,"weight":null,"name":null}"#).unwrap();
        let problem = changed.change(patch, &under, alone).unwrap_err();
        let faults: Vec<_> = problem.errors().iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(faults, ["/name", "/weight"]);
    }

    #[test]
    fn a_place_past_the_end_is_the_last() {
        let (under, three) = (Under::test(), Standing { tasks: 3, weight: Hundredths::ZERO });
        let command = CreateTask { name: "Connect".into(), sequence_number: Some(99), ..CreateTask::default() };
        assert_eq!(Task::create(command, &under, three).unwrap().sequence_number, 4);
        assert_eq!(task(Hundredths::ZERO, three, &under).unwrap().sequence_number, 4);
    }
}
