//! Which attribute a value is sent for: from memory, from the projection, or by asking adoption once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use clients::Adoption;
use contracts::telemetry::RefusalCode;
use db::Db;
use futures_util::{StreamExt, TryStreamExt, stream};
use kernel::{Actor, AssignmentId, CustomerAttributeId, CustomerTaskId, Problem, TenantId};
use quick_cache::sync::Cache;
use rules::DataType;
use uuid::Uuid;

use super::model::Attribute;
use super::{plans, store};
use crate::values::Reason;

/// Attributes remembered per process.
const REMEMBERED: usize = 100_000;
/// Assignments asked for at once.
const ASKED_AT_ONCE: usize = 8;

/// What must be known of an attribute to take a value for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: CustomerAttributeId,
    pub(crate) assignment: AssignmentId,
    pub(crate) task: CustomerTaskId,
    pub(crate) data_type: DataType,
    /// The version of the definition. The writer stores a value only while it is still this one.
    pub(crate) version: i64,
    removed: bool,
}

impl From<&Attribute> for Known {
    fn from(row: &Attribute) -> Self {
        Self {
            id: row.id,
            assignment: row.assignment_id,
            task: row.customer_task_id,
            data_type: row.data_type,
            version: row.version,
            removed: row.removed_at.is_some(),
        }
    }
}

/// How a value names its attribute.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted<'a> {
    /// By its id alone.
    Id(CustomerAttributeId),
    /// By names too.
    Named(Named<'a>),
}

/// What a value says of its attribute, all of which must be so. The name of the task, or its id, is for names that are not enough.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Named<'a> {
    pub(crate) id: Option<CustomerAttributeId>,
    pub(crate) attribute: Option<&'a str>,
    pub(crate) task: Option<&'a str>,
    pub(crate) task_id: Option<CustomerTaskId>,
}

impl Named<'_> {
    fn fits(self, row: &Attribute) -> bool {
        self.id.is_none_or(|id| row.id == id)
            && self.attribute.is_none_or(|name| row.name == name)
            && self.task.is_none_or(|name| row.task_name == name)
            && self.task_id.is_none_or(|id| row.customer_task_id == id)
    }
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_ref().map(|id| format!("{id}"));
        let name = self.attribute.map(|name| format!("{name:?}"));
        f.write_str(&id.into_iter().chain(name).collect::<Vec<_>>().join(" "))?;
        self.task.map_or(Ok(()), |task| write!(f, " of task {task:?}"))
    }
}

/// Finds attributes. Shared by all workers of the process.
pub(crate) struct Directory {
    remembered: Cache<(TenantId, CustomerAttributeId), Known>,
}

impl Default for Directory {
    fn default() -> Self {
        Self { remembered: Cache::new(REMEMBERED) }
    }
}

impl Directory {
    /// Forgets attributes that have changed since they were remembered, by whichever process.
    pub(crate) fn forget(&self, tenant: TenantId, wanted: &[(AssignmentId, Wanted<'_>)]) {
        for (_, want) in wanted {
            if let Wanted::Id(id) = want {
                self.remembered.remove(&(tenant, *id));
            }
        }
    }

    /// Those of these assignments that the tenant does not have. One without a known attribute is asked of adoption.
    ///
    /// # Errors
    /// 503 when the database or adoption is away.
    pub(crate) async fn unknown(
        &self,
        db: &Db,
        adoption: &Adoption,
        who: &Actor,
        assignments: &[AssignmentId],
    ) -> Result<BTreeSet<AssignmentId>, Problem> {
        if assignments.is_empty() {
            return Ok(BTreeSet::new());
        }
        let ids = assignments.iter().map(|assignment| assignment.0).collect();
        let rows = db.read(who.tenant, async |conn| store::of_assignments(conn, who.tenant, ids).await).await?;
        let known: BTreeSet<_> =
            rows.iter().filter(|row| row.removed_at.is_none()).map(|row| row.assignment_id).collect();
        let asked = assignments.iter().copied().filter(|assignment| !known.contains(assignment)).collect();
        ask(db, adoption, who, asked).await
    }

    /// Finds each of the attributes, or says why not. What is unknown is asked of adoption before it is refused.
    ///
    /// # Errors
    /// 503 when the database or, for an unknown attribute, adoption is away: then nothing was stored.
    pub(crate) async fn find(
        &self,
        db: &Db,
        adoption: &Adoption,
        who: &Actor,
        wanted: &[(AssignmentId, Wanted<'_>)],
    ) -> Result<Vec<Result<Known, Reason>>, Problem> {
        let mut found = Found::default();
        self.look_up(db, who.tenant, wanted, &mut found).await?;
        let missing =
            wanted.iter().filter(|(assignment, want)| found.get(*assignment, *want).is_err_and(Miss::may_be_new));
        let missing: BTreeSet<AssignmentId> = missing.map(|(assignment, _)| *assignment).collect();
        if !missing.is_empty() {
            found.unknown_to_adoption = ask(db, adoption, who, missing).await?;
            self.look_up(db, who.tenant, wanted, &mut found).await?;
        }
        Ok(wanted
            .iter()
            .map(|(assignment, want)| {
                found.get(*assignment, *want).map_err(|miss| found.reason(*assignment, *want, miss))
            })
            .collect())
    }

    /// Adds what is remembered or projected, of what is not found yet.
    async fn look_up(
        &self,
        db: &Db,
        tenant: TenantId,
        wanted: &[(AssignmentId, Wanted<'_>)],
        found: &mut Found,
    ) -> Result<(), Problem> {
        let (mut ids, mut assignments) = (BTreeSet::<Uuid>::new(), BTreeSet::<Uuid>::new());
        for (assignment, want) in wanted {
            match want {
                Wanted::Id(id) if found.by_id.contains_key(id) => {}
                Wanted::Id(id) => match self.remembered.get(&(tenant, *id)) {
                    Some(known) => drop(found.by_id.insert(*id, known)),
                    None => drop(ids.insert(id.0)),
                },
                Wanted::Named(_) => drop(assignments.insert(assignment.0)),
            }
        }
        if ids.is_empty() && assignments.is_empty() {
            return Ok(());
        }
        let (rows, named) = db
            .read(tenant, async |conn| {
                let rows = if ids.is_empty() {
                    Vec::new()
                } else {
                    store::by_ids(conn, tenant, ids.into_iter().collect()).await?
                };
                let of = assignments.into_iter().collect();
                Ok((rows, store::of_assignments(conn, tenant, of).await?))
            })
            .await?;
        for row in rows.iter().chain(&named) {
            self.remembered.insert((tenant, row.id), Known::from(row));
        }
        found.by_id.extend(rows.iter().map(|row| (row.id, Known::from(row))));
        found.named = BTreeMap::new();
        for row in named {
            found.named.entry(row.assignment_id).or_default().push(row);
        }
        Ok(())
    }
}

/// Asks adoption for the tasks of these assignments and takes over their attributes. Returns those it does not know.
async fn ask(
    db: &Db,
    adoption: &Adoption,
    who: &Actor,
    assignments: BTreeSet<AssignmentId>,
) -> Result<BTreeSet<AssignmentId>, Problem> {
    let answers: Vec<_> = stream::iter(assignments)
        .map(async |assignment| Ok::<_, Problem>((assignment, adoption.assignment_tasks(who, assignment).await?)))
        .buffer_unordered(ASKED_AT_ONCE)
        .try_collect()
        .await?;
    let itself = Actor { on_behalf_of: who.person(), ..Actor::service("telemetry", who.tenant, who.trace) };
    let tasks: Vec<_> = answers.iter().filter_map(|(_, tasks)| tasks.as_ref()).flatten().collect();
    if !tasks.is_empty() {
        db.write(&itself, async |tx| {
            for task in tasks {
                plans::learn(tx, task).await?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(answers.into_iter().filter_map(|(assignment, tasks)| tasks.is_none().then_some(assignment)).collect())
}

/// What a look-up brought to light.
#[derive(Default)]
struct Found {
    by_id: HashMap<CustomerAttributeId, Known>,
    named: BTreeMap<AssignmentId, Vec<Attribute>>,
    unknown_to_adoption: BTreeSet<AssignmentId>,
}

/// Why an attribute was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Miss {
    Unknown,
    Ambiguous,
    Removed,
}

impl Miss {
    /// Whether adoption may know more than we do.
    fn may_be_new(self) -> bool {
        self == Self::Unknown
    }
}

impl Found {
    fn get(&self, assignment: AssignmentId, want: Wanted<'_>) -> Result<Known, Miss> {
        let known = match want {
            Wanted::Id(id) => self.by_id.get(&id).copied().filter(|known| known.assignment == assignment),
            Wanted::Named(named) => self.get_named(assignment, named)?,
        };
        match known {
            Some(known) if known.removed => Err(Miss::Removed),
            Some(known) => Ok(known),
            None => Err(Miss::Unknown),
        }
    }

    /// All attributes of an assignment that values name.
    fn of(&self, assignment: AssignmentId) -> &[Attribute] {
        self.named.get(&assignment).map(Vec::as_slice).unwrap_or_default()
    }

    /// The one of that name; one that is active before those that are not.
    fn get_named(&self, assignment: AssignmentId, named: Named<'_>) -> Result<Option<Known>, Miss> {
        let mut fitting: Vec<&Attribute> = self.of(assignment).iter().filter(|row| named.fits(row)).collect();
        if fitting.iter().any(|row| row.is_active) {
            fitting.retain(|row| row.is_active);
        }
        match fitting.as_slice() {
            [] => Ok(None),
            [row] => Ok(Some(Known::from(*row))),
            _ => Err(Miss::Ambiguous),
        }
    }

    fn reason(&self, assignment: AssignmentId, want: Wanted<'_>, miss: Miss) -> Reason {
        let named = match want {
            Wanted::Id(id) => Named { id: Some(id), ..Named::default() },
            Wanted::Named(named) => named,
        };
        let of_this_id = self.of(assignment).iter().find(|row| named.id == Some(row.id));
        if let (Miss::Unknown, Some(Attribute { id, name, task_name, .. })) = (miss, of_this_id) {
            let detail = format!("Attribute {id} is {name:?} of task {task_name:?}. Send what is so, or the id alone.");
            return Reason::new(RefusalCode::AttributeUnknown, detail);
        }
        match miss {
            Miss::Removed => {
                Reason::new(RefusalCode::AssignmentUnknown, format!("Assignment {assignment} was removed."))
            }
            Miss::Unknown if self.unknown_to_adoption.contains(&assignment) => Reason::no_assignment(assignment),
            Miss::Unknown => {
                let how = "GET /telemetry/v1/attributes?assignmentId= lists those there are.";
                Reason::new(
                    RefusalCode::AttributeUnknown,
                    format!("The plan of assignment {assignment} has no attribute {named}. {how}"),
                )
            }
            Miss::Ambiguous => {
                let how = "Name the task with taskName or customerTaskId, or send attributeId.";
                Reason::new(RefusalCode::AttributeAmbiguous, format!("Several tasks have an attribute {named}. {how}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::sample;

    #[test]
    fn a_name_must_mean_one_attribute_and_active_ones_come_first() {
        let assignment = AssignmentId::fresh();
        let (first, second) = (CustomerTaskId::fresh(), CustomerTaskId::fresh());
        let row = |task, task_name: &str, name: &str, is_active| Attribute {
            assignment_id: assignment,
            task_name: task_name.to_owned(),
            name: name.to_owned(),
            is_active,
            ..sample(task)
        };
        let rows = vec![
            row(first, "Install", "Users", true),
            row(second, "Roll out", "Users", true),
            row(first, "Install", "Version", true),
            row(second, "Roll out", "Version", false),
            Attribute { removed_at: Some(kernel::Timestamp::from_micros(1)), ..row(first, "Install", "Gone", true) },
        ];
        let found = Found { named: BTreeMap::from([(assignment, rows)]), ..Found::default() };
        let ask = |attribute, task, task_id| {
            let named = Named { id: None, attribute: Some(attribute), task, task_id };
            found.get(assignment, Wanted::Named(named)).map(|known| known.task)
        };
        assert_eq!(ask("Users", None, None), Err(Miss::Ambiguous));
        assert_eq!(ask("Users", Some("Roll out"), None), Ok(second));
        assert_eq!(ask("Users", None, Some(first)), Ok(first));
        assert_eq!(ask("Version", None, None), Ok(first));
        assert_eq!(ask("users", None, None), Err(Miss::Unknown));
        assert_eq!(ask("Gone", None, None), Err(Miss::Removed));
    }

    #[test]
    fn what_is_said_beside_an_id_must_be_so() {
        let row = sample(CustomerTaskId::fresh());
        let named = BTreeMap::from([(row.assignment_id, vec![row.clone(), sample(CustomerTaskId::fresh())])]);
        let found = Found { named, ..Found::default() };
        let by_id = Named { id: Some(row.id), ..Named::default() };
        let so =
            Named { attribute: Some("Attribute"), task: Some("Task"), task_id: Some(row.customer_task_id), ..by_id };
        assert_eq!(found.get(row.assignment_id, Wanted::Named(so)).unwrap().id, row.id);
        for other in [
            Named { attribute: Some("Users"), ..so },
            Named { task: Some("Install"), ..by_id },
            Named { task_id: Some(CustomerTaskId::fresh()), ..by_id },
        ] {
            let want = Wanted::Named(other);
            assert_eq!(found.get(row.assignment_id, want), Err(Miss::Unknown));
            let reason = found.reason(row.assignment_id, want, Miss::Unknown);
            assert!(reason.detail.contains("is \"Attribute\" of task \"Task\""), "{reason:?}");
        }
        let nobody = Named { id: Some(CustomerAttributeId::fresh()), ..so };
        let reason = found.reason(row.assignment_id, Wanted::Named(nobody), Miss::Unknown);
        assert!(reason.detail.contains("has no attribute"), "{reason:?}");
    }

    #[test]
    fn an_attribute_of_another_assignment_is_unknown() {
        let row = sample(CustomerTaskId::fresh());
        let found = Found { by_id: HashMap::from([(row.id, Known::from(&row))]), ..Found::default() };
        assert!(found.get(row.assignment_id, Wanted::Id(row.id)).is_ok());
        assert_eq!(found.get(AssignmentId::fresh(), Wanted::Id(row.id)), Err(Miss::Unknown));
    }
}
