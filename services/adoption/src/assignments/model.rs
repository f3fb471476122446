//! What an assignment is and which ones are possible. Pure.

use chrono::Duration;
use contracts::adoption::AssignmentView;
use contracts::catalog::{Blueprint, LicenseLevel, OwnerId, OwnerKind};
use diesel::prelude::*;
use kernel::problem::{Problem, ProblemKind};
use kernel::{AssignmentId, Check, CustomerId, OutcomeId, PlanId, ReleaseId, SolutionPlanId, TenantId, Timestamp};
use uuid::Uuid;

use super::body::{AssignmentPatch, CreateAssignment};
use crate::bundles::Bundle;
use crate::plans::remaining;
use crate::schema::assignments;

/// Two assignments of a tenant cannot share an external key.
pub(crate) static KEY_TAKEN: ProblemKind =
    ProblemKind::new("ASSIGNMENT_EXTERNAL_KEY_TAKEN", 409, "Another assignment has this external key");
/// A customer has a solution under one name once.
pub(crate) static NAME_TAKEN: ProblemKind =
    ProblemKind::new("ASSIGNMENT_NAME_TAKEN", 409, "The customer has this solution under this name");
/// What came with a solution, or was joined to it, follows it.
static PART_OF_SOLUTION: ProblemKind =
    ProblemKind::new("ASSIGNMENT_PART_OF_SOLUTION", 409, "The assignment is a part of a solution plan");
/// A plan is made from what the catalog has.
static PRODUCT_GONE: ProblemKind =
    ProblemKind::new("ASSIGNMENT_PRODUCT_GONE", 409, "The product is no longer in the catalog");
/// A solution plan is made from what the catalog has.
static SOLUTION_GONE: ProblemKind =
    ProblemKind::new("ASSIGNMENT_SOLUTION_GONE", 409, "The solution is no longer in the catalog");
/// An assignment has one plan.
static PLAN_EXISTS: ProblemKind = ProblemKind::new("PLAN_ALREADY_EXISTS", 409, "The assignment has a plan already");

/// How long before it begins a purchase may be known.
const AHEAD: Duration = Duration::days(366);
/// How long ago a purchase may have been; what is earlier is a mistyped year.
const BACK: Duration = Duration::days(36_525);

/// A row of `assignments`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = assignments, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Assignment {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: AssignmentId,
    pub(crate) version: i64,
    pub(crate) external_key: Option<String>,
    pub(crate) customer_id: CustomerId,
    pub(crate) owner_kind: OwnerKind,
    pub(crate) owner_id: Uuid,
    pub(crate) owner_name: String,
    pub(crate) name: String,
    pub(crate) license_level: LicenseLevel,
    pub(crate) outcome_ids: Vec<OutcomeId>,
    pub(crate) release_ids: Vec<ReleaseId>,
    pub(crate) plan_id: Option<PlanId>,
    /// The solution plan that it is a part of, or, of a solution, the one it has.
    pub(crate) solution_plan_id: Option<SolutionPlanId>,
    /// Its place in the solution, if it is a part of one.
    pub(crate) place: Option<i32>,
    /// Whether it was made for a solution plan, so that it goes with the one that it is a part of.
    pub(crate) came_along: bool,
    /// Of a part that the customer had before: the level that it came with.
    pub(crate) own_level: Option<LicenseLevel>,
    pub(crate) purchased_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// The catalog has no such product, or no such solution.
pub(crate) fn unknown(owner: OwnerId) -> Problem {
    let (pointer, how) = match owner {
        OwnerId::Product(_) => {
            ("/productId", "There is no such product in the catalog; GET /catalog/v1/products lists them.")
        }
        OwnerId::Solution(_) => {
            ("/solutionId", "There is no such solution in the catalog; GET /catalog/v1/solutions lists them.")
        }
    };
    Problem::field(pointer, "UNKNOWN", how)
}

impl Assignment {
    /// A new assignment at version 1, checked against what the catalog shows.
    pub(crate) fn create(
        command: CreateAssignment,
        tenant_id: TenantId,
        customer_id: CustomerId,
        bundle: &Bundle,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let owner = bundle.owner.owner_id();
        let assignment = Self {
            tenant_id,
            id: AssignmentId::fresh(),
            version: 1,
            external_key: command.external_key,
            customer_id,
            owner_kind: owner.kind(),
            owner_id: owner.id(),
            owner_name: bundle.owner.name().to_owned(),
            name: command.name.trim().to_owned(),
            license_level: command.license_level,
            outcome_ids: command.outcome_ids,
            release_ids: command.release_ids,
            plan_id: None,
            solution_plan_id: None,
            place: None,
            came_along: false,
            own_level: None,
            purchased_at: Some(command.purchased_at.unwrap_or(now)),
            created_at: now,
            updated_at: now,
        };
        assignment.check(Check::new(), Some(bundle), None, now)?;
        Ok(assignment)
    }

    /// The assignment after a patch. What is chosen anew is checked against what the catalog shows.
    ///
    /// # Errors
    /// As [`Assignment::require_changeable`].
    pub(crate) fn change(
        mut self,
        patch: AssignmentPatch,
        bundle: Option<&Bundle>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        self.require_changeable(&patch)?;
        let before = self.clone();
        // A part follows its solution's assignment, whatever of it the patch says.
        let bundle = bundle.filter(|_| !self.is_part());
        let AssignmentPatch {
            name,
            license_level,
            own_license_level,
            outcome_ids,
            release_ids,
            external_key,
            purchased_at,
        } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        check.not_null("/licenseLevel", license_level.set(&mut self.license_level));
        check.not_null("/outcomeIds", outcome_ids.set(&mut self.outcome_ids));
        check.not_null("/releaseIds", release_ids.set(&mut self.release_ids));
        own_license_level.set_option(&mut self.own_level);
        external_key.set_option(&mut self.external_key);
        purchased_at.set_option(&mut self.purchased_at);
        self.name = self.name.trim().to_owned();
        // Whoever changes what has left its solution makes it the customer's own.
        self.came_along &= self.is_part();
        self.check(check, bundle, Some(&before), now)?;
        let after = bundle.map(|bundle| self.following(bundle.owner.name(), bundle.all()));
        Ok(after.unwrap_or(self).touched(now))
    }

    /// Refuses to treat a part of a solution plan as if it stood alone.
    pub(crate) fn require_alone(&self) -> Result<(), Problem> {
        if self.is_part() { Err(self.part_of_solution("take that back")) } else { Ok(()) }
    }

    /// Refuses to say of a part of a solution plan what the customer is entitled to, but for its own level, and that of
    /// anything else.
    ///
    /// # Errors
    /// 409 for a part, 422 for what is none.
    pub(super) fn require_changeable(&self, patch: &AssignmentPatch) -> Result<(), Problem> {
        if self.is_part() && patch.is_of_entitlement() {
            return Err(self.part_of_solution("change that, or the part's ownLicenseLevel,"));
        }
        if !self.is_part() && patch.is_of_own_level() {
            let how = "Only a part of a solution plan has this; change licenseLevel instead.";
            return Err(Problem::field("/ownLicenseLevel", "INVALID", how));
        }
        Ok(())
    }

    pub(crate) fn is_part(&self) -> bool {
        self.place.is_some()
    }

    fn part_of_solution(&self, how: &str) -> Problem {
        let plan =
            self.solution_plan_id.map(|plan| format!(" of /adoption/v1/solution-plans/{plan}")).unwrap_or_default();
        PART_OF_SOLUTION.detail(format!("It follows the assignment{plan}; {how} instead."))
    }

    /// Whose tasks its plan has in the catalog.
    pub(crate) fn owner(&self) -> OwnerId {
        OwnerId::of(self.owner_kind, self.owner_id)
    }

    /// The assignment as the catalog has what is assigned: by its name, and without what of the choice is nowhere on offer.
    pub(crate) fn following<'a>(&self, name: &str, of: impl Iterator<Item = &'a Blueprint> + Clone) -> Self {
        let outcomes: Vec<_> = of.clone().flat_map(|of| of.outcome_ids.iter().copied()).collect();
        let releases: Vec<_> = of.flat_map(|of| of.release_ids.iter().copied()).collect();
        Self {
            owner_name: name.to_owned(),
            outcome_ids: remaining(&self.outcome_ids, &outcomes),
            release_ids: remaining(&self.release_ids, &releases),
            ..self.clone()
        }
    }

    /// The assignment at the next version, unless it is what it was.
    pub(super) fn since(self, before: &Self, now: Timestamp) -> Self {
        if self == *before { self } else { self.touched(now) }
    }

    pub(super) fn touched(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }

    /// Refuses a second plan.
    pub(crate) fn require_unplanned(&self) -> Result<(), Problem> {
        match self.plan_id {
            None => Ok(()),
            Some(plan) => Err(PLAN_EXISTS.detail(format!("Its plan is /adoption/v1/plans/{plan}."))),
        }
    }

    /// What to say when the catalog has the product or the solution no more.
    pub(crate) fn gone(&self) -> Problem {
        let id = self.owner_id;
        match self.owner_kind {
            OwnerKind::Product => {
                PRODUCT_GONE.detail(format!("Restore it first: POST /catalog/v1/products/{id}/restore."))
            }
            OwnerKind::Solution => {
                SOLUTION_GONE.detail(format!("Restore it first: POST /catalog/v1/solutions/{id}/restore."))
            }
        }
    }

    /// What was chosen before stays possible, whatever the catalog has now.
    fn check(
        &self,
        mut check: Check,
        bundle: Option<&Bundle>,
        before: Option<&Self>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        check.line("/name", &self.name, 1, 255);
        let is_likely = self.purchased_at.is_none_or(|at| (now - BACK..=now + AHEAD).contains(&at));
        check.that(is_likely, "/purchasedAt", "OUT_OF_RANGE", || {
            "is more than a year ahead or a hundred years ago; check the year".to_owned()
        });
        if let Some(key) = &self.external_key {
            check.text("/externalKey", key, 1, 200);
        }
        if let Some(bundle) = bundle {
            let was_outcome = |id: &OutcomeId| before.is_some_and(|before| before.outcome_ids.contains(id));
            let was_release = |id: &ReleaseId| before.is_some_and(|before| before.release_ids.contains(id));
            let is_outcome = |id: &OutcomeId| was_outcome(id) || bundle.all().any(|of| of.outcome_ids.contains(id));
            let is_release = |id: &ReleaseId| was_release(id) || bundle.all().any(|of| of.release_ids.contains(id));
            check_chosen(&mut check, "/outcomeIds", &self.outcome_ids, is_outcome);
            check_chosen(&mut check, "/releaseIds", &self.release_ids, is_release);
        }
        check.finish()
    }
}

/// What is chosen must be among what is assigned.
fn check_chosen<T: Ord>(check: &mut Check, pointer: &str, chosen: &[T], is_offered: impl Fn(&T) -> bool) {
    check.distinct(pointer, chosen);
    for (index, id) in chosen.iter().enumerate() {
        check.that(is_offered(id), &format!("{pointer}/{index}"), "UNKNOWN", || {
            "does not belong to what is assigned".to_owned()
        });
    }
}

impl From<Assignment> for AssignmentView {
    fn from(assignment: Assignment) -> Self {
        let Assignment {
            tenant_id: _,
            id,
            version,
            external_key,
            customer_id,
            owner_kind,
            owner_id,
            owner_name: product_name,
            name,
            license_level,
            outcome_ids,
            release_ids,
            plan_id,
            solution_plan_id,
            place: _,
            came_along: _,
            own_level: own_license_level,
            purchased_at,
            created_at,
            updated_at,
        } = assignment;
        let owner = OwnerId::of(owner_kind, owner_id);
        Self {
            id,
            version,
            external_key,
            customer_id,
            product_id: owner.product(),
            solution_id: owner.solution(),
            product_name,
            name,
            license_level,
            own_license_level,
            outcome_ids,
            release_ids,
            plan_id,
            solution_plan_id,
            purchased_at,
            created_at,
            updated_at,
        }
    }
}
