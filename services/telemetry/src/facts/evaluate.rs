//! One evaluation: observations into states, states into counts, new counts into events. A step of a transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use contracts::adoption::TaskStatus;
use contracts::telemetry::{TASK_FACTS_CHANGED, TaskFacts};
use db::Tx;
use kernel::problem::ProblemKind;
use kernel::{AssignmentId, BatchId, CustomerAttributeId, CustomerTaskId, Problem, TenantId, Timestamp};
use quick_cache::sync::Cache;
use rules::Criterion;

use super::model::{Counts, Facts, Telling};
use super::standing::Standing;
use super::{recheck, store};
use crate::attributes::{self, Attribute};
use crate::batches::{self, Silence};
use crate::values::Reading;

/// Criteria kept parsed.
const PARSED: usize = 50_000;

/// The readings were checked against an attribute as it was before.
pub(crate) static OUTDATED: ProblemKind =
    ProblemKind::new("ATTRIBUTE_OUTDATED", 503, "A telemetry attribute was changed while its values were taken");

/// Parsed criteria of one process, by attribute and version of its definition.
pub(crate) struct Criteria(Cache<(CustomerAttributeId, i64), Arc<Option<Criterion>>>);

impl Default for Criteria {
    fn default() -> Self {
        Self(Cache::new(PARSED))
    }
}

impl Criteria {
    fn of(&self, attribute: &Attribute) -> Arc<Option<Criterion>> {
        let key = (attribute.id, attribute.version);
        self.0.get(&key).unwrap_or_else(|| {
            let criterion = Arc::new(attribute.criterion());
            self.0.insert(key, Arc::clone(&criterion));
            criterion
        })
    }
}

/// What was observed of one tenant's attributes since the last evaluation.
#[derive(Default)]
pub(crate) struct Observed<'a> {
    newest: HashMap<CustomerAttributeId, (BatchId, &'a Reading)>,
    /// The definitions that the readings were checked against: the oldest of each attribute.
    versions: HashMap<CustomerAttributeId, i64>,
    tasks: BTreeSet<CustomerTaskId>,
    silences: Vec<Said>,
}

/// A complete feed's word about an assignment: at this moment, nothing but these attributes had data.
struct Said {
    batch: BatchId,
    assignment: AssignmentId,
    at: Timestamp,
    but: HashSet<CustomerAttributeId>,
}

impl<'a> Observed<'a> {
    /// Values of a batch were seen. Only the latest of each attribute matters; of two of the same identity, the first.
    pub(crate) fn see(&mut self, batch: BatchId, readings: impl IntoIterator<Item = &'a Reading>) {
        for reading in readings {
            let newest = self.newest.entry(reading.attribute).or_insert_with(|| {
                self.tasks.insert(reading.task);
                (batch, reading)
            });
            let version = self.versions.entry(reading.attribute).or_insert(reading.version);
            *version = reading.version.min(*version);
            if (newest.1.observed_at, newest.1.event_id) < (reading.observed_at, reading.event_id) {
                *newest = (batch, reading);
            }
        }
    }

    /// A complete feed told of nothing but these readings of an assignment.
    pub(crate) fn lose(
        &mut self,
        batch: BatchId,
        (assignment, at): (AssignmentId, Timestamp),
        but: impl IntoIterator<Item = &'a Reading>,
    ) {
        let but = but.into_iter().filter(|reading| reading.assignment == assignment).map(|reading| reading.attribute);
        self.silences.push(Said { batch, assignment, at, but: but.collect() });
    }

    /// What its complete feeds were silent about, of these attributes.
    fn silences(&self, tenant_id: TenantId, rows: &[Attribute]) -> Vec<Silence> {
        let silence = |said: &Said| Silence {
            tenant_id,
            batch_id: said.batch,
            assignment_id: said.assignment,
            at: said.at,
            attribute_ids: rows.iter().filter(|row| said.is_silent_about(row)).map(|row| row.id).collect(),
        };
        self.silences.iter().map(silence).collect()
    }

    fn is_empty(&self) -> bool {
        self.newest.is_empty() && self.silences.is_empty()
    }

    /// Refuses readings that were checked against a definition which is no longer in force, or whose assignment is gone.
    fn require_current(&self, rows: &[Attribute]) -> Result<(), Problem> {
        let current = |row: &Attribute| {
            self.versions.get(&row.id).is_none_or(|version| *version == row.version && row.removed_at.is_none())
        };
        if rows.iter().all(current) {
            return Ok(());
        }
        Err(OUTDATED.detail("Send the batch again.").retry_after(1))
    }

    /// The tasks without data of required attributes of whose optional ones something was observed: there the past counts, so
    /// also what comes late may be news.
    fn signs_of_life(&self, rows: &[Attribute]) -> BTreeSet<CustomerTaskId> {
        let mut decided: HashMap<CustomerTaskId, bool> = HashMap::new();
        for row in rows.iter().filter(|row| row.counts() && row.is_required) {
            *decided.entry(row.customer_task_id).or_default() |= row.has_data();
        }
        let speaks = |row: &&Attribute| {
            self.newest.contains_key(&row.id) || self.silences.iter().any(|said| said.is_silent_about(row))
        };
        let open = |row: &&Attribute| !row.is_required && decided.get(&row.customer_task_id) == Some(&false);
        rows.iter().filter(open).filter(speaks).map(|row| row.customer_task_id).collect()
    }

    /// Applies what concerns an attribute; says whether that was news.
    fn apply(&self, attribute: &mut Attribute) -> bool {
        let mut news = false;
        if let Some((batch, reading)) = self.newest.get(&attribute.id)
            && attribute.see(reading.observed_at, reading.event_id, &reading.value)
        {
            attribute.latest_batch_id = Some(*batch);
            news = true;
        }
        for said in &self.silences {
            news |= said.is_silent_about(attribute) && attribute.lose(said.at);
        }
        news
    }
}

impl Said {
    fn is_silent_about(&self, attribute: &Attribute) -> bool {
        self.assignment == attribute.assignment_id && !self.but.contains(&attribute.id)
    }
}

/// Applies what was observed, and tells what is new about the touched tasks.
///
/// # Errors
/// [`OUTDATED`] when an attribute was changed since the readings were checked.
pub(crate) async fn evaluate(tx: &mut Tx, criteria: &Criteria, observed: Observed<'_>) -> Result<(), Problem> {
    if observed.is_empty() {
        return Ok(());
    }
    let tasks = observed.tasks.iter().copied().collect();
    let assignments = observed.silences.iter().map(|said| said.assignment).collect();
    let mut rows = attributes::store::fetch_for_change(tx, tasks, assignments).await?;
    observed.require_current(&rows)?;
    batches::declare(tx, &observed.silences(tx.tenant(), &rows)).await?;
    let (now, mut changed, mut due) = (tx.now(), Vec::new(), BTreeSet::new());
    for (at, row) in rows.iter_mut().enumerate() {
        let (said, look_at) = (row.says(), row.recheck_at);
        if !(observed.apply(row) || row.is_due(now)) {
            continue;
        }
        row.judge(criteria.of(row).as_ref().as_ref(), now);
        changed.push((at, said));
        if row.recheck_at.is_some() && row.recheck_at != look_at {
            due.insert(row.customer_task_id);
        }
    }
    batches::vanish(tx, rows.iter_mut()).await?;
    let mut stirred = observed.signs_of_life(&rows);
    let changed = changed.iter().filter_map(|(at, said)| Some((rows.get(*at)?, said)));
    stirred.extend(changed.clone().filter(|(row, said)| row.says() != **said).map(|(row, _)| row.customer_task_id));
    attributes::store::update_states(tx, &changed.map(|(row, _)| row).collect::<Vec<_>>()).await?;
    tell(tx, &rows, stirred, Telling::News).await?;
    recheck::schedule(tx, &rows, due).await
}

/// Evaluates a whole task as it stands now: its definition changed, or time went by.
pub(crate) async fn evaluate_again(tx: &mut Tx, task: CustomerTaskId) -> Result<(), Problem> {
    let rows = attributes::store::fetch_for_change(tx, vec![task], Vec::new()).await?;
    settle(tx, rows, BTreeSet::from([task]), Telling::News).await?;
    Ok(())
}

/// What came of an evaluation.
pub(crate) struct Settled {
    /// Attributes that are met and were not, or the other way round.
    pub(crate) changed: usize,
    /// Tasks whose facts were told.
    pub(crate) told: usize,
}

/// Evaluates these tasks as they stand now. `rows` are all their attributes, locked.
pub(crate) async fn settle(
    tx: &mut Tx,
    mut rows: Vec<Attribute>,
    tasks: BTreeSet<CustomerTaskId>,
    telling: Telling,
) -> Result<Settled, Problem> {
    let (now, mut changed) = (tx.now(), 0);
    for row in &mut rows {
        let was_met = row.is_met;
        row.judge(row.criterion().as_ref(), now);
        changed += usize::from(row.is_met != was_met);
    }
    attributes::store::update_states(tx, &rows.iter().collect::<Vec<_>>()).await?;
    let told = tell(tx, &rows, tasks.clone(), telling).await?;
    recheck::schedule(tx, &rows, tasks).await?;
    Ok(Settled { changed, told })
}

/// Announces the facts of those of these tasks of which they are not what was announced before. `rows` hold all their
/// attributes. Returns how many those are.
async fn tell(
    tx: &mut Tx,
    rows: &[Attribute],
    tasks: BTreeSet<CustomerTaskId>,
    telling: Telling,
) -> Result<usize, Problem> {
    if tasks.is_empty() {
        return Ok(0);
    }
    let (tenant, now) = (tx.tenant(), tx.now());
    let mut of_task: BTreeMap<CustomerTaskId, Vec<&Attribute>> = BTreeMap::new();
    for row in rows.iter().filter(|row| tasks.contains(&row.customer_task_id)) {
        of_task.entry(row.customer_task_id).or_default().push(row);
    }
    let known = store::of_tasks(tx, tenant, tasks.into_iter().collect()).await?;
    let mut news: Vec<Facts> = Vec::new();
    for (task, rows) in of_task {
        let Some(assignment) = rows.first().map(|row| row.assignment_id) else { continue };
        let says = (Counts::of(rows.iter().copied()), stand(tx, assignment, &rows).await?);
        news.extend(Facts::next(known.get(&task), tenant, (task, assignment), says, now, telling));
    }
    store::upsert(tx, &news).await?;
    let pairs: Vec<(Option<TaskFacts>, TaskFacts)> =
        news.iter().map(|facts| (known.get(&facts.customer_task_id).map(TaskFacts::from), facts.into())).collect();
    tx.announce_all(&TASK_FACTS_CHANGED, pairs.iter().map(|(before, after)| (before.as_ref(), after))).await?;
    Ok(news.len())
}

/// Where a task stands by its values alone. `rows` are all its attributes.
async fn stand(tx: &mut Tx, assignment: AssignmentId, rows: &[&Attribute]) -> Result<TaskStatus, Problem> {
    match Standing::of(rows) {
        Standing::Is(status) => Ok(status),
        Standing::DependsOnSigns { since, was_done } => {
            let optional = rows.iter().filter(|row| row.counts() && !row.is_required).map(|row| row.id);
            let optional: Vec<CustomerAttributeId> = optional.collect();
            Ok(store::signs(tx, assignment, &optional, since).await?.end(was_done))
        }
    }
}
