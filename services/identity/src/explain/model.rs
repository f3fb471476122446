//! What is looked at when it is asked why somebody may do something. Pure.

use std::collections::BTreeSet;

use auth::{Grant, LookedAt, Patterns, Question, decide};
use contracts::identity::{GrantLevel, GrantedType};
use kernel::{GrantId, UserId};
use serde::Serialize;
use uuid::Uuid;

use crate::accounts::tenants::{Tenant, TenantStatus};
use crate::members::MemberStatus;
use crate::tenants::is_usable;

kernel::text_enum! {
    /// What something that was looked at does.
    pub enum Effect {
        /// It allows what was asked.
        Allows = "ALLOWS",
        /// It refuses it, whatever else allows it.
        Refuses = "REFUSES",
        /// It does neither.
        Nothing = "NOTHING",
    }
}

/// Something that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleView {
    /// TENANT, MEMBERSHIP, ROLE, JOB_ROLE, SETTING, RESOURCE, GRANT or FLOW.
    pub(super) rule: &'static str,
    /// What was found, in words.
    pub(super) text: String,
    /// What it does.
    pub(super) effect: Effect,
    /// The level that it gives on the thing.
    pub(super) level: Option<GrantLevel>,
}

/// Why somebody may do something, or may not.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExplanationView {
    /// The person.
    pub(super) user_id: UserId,
    /// What they would do.
    pub(super) permission: String,
    /// With what kind of thing; null: no matter with which.
    pub(super) resource_type: Option<GrantedType>,
    /// With which one; null: a new one.
    pub(super) resource_id: Option<Uuid>,
    /// Whether they may.
    pub(super) allowed: bool,
    /// Their level on the thing.
    pub(super) level: Option<GrantLevel>,
    /// Everything that was looked at.
    pub(super) rules: Vec<RuleView>,
}

/// What identity knows about somebody.
pub(super) struct Standing {
    pub(super) tenant: Tenant,
    pub(super) status: MemberStatus,
    /// Roles by name, with what they allow.
    pub(super) roles: Vec<(String, Vec<String>)>,
    /// Job roles likewise.
    pub(super) job_roles: Vec<(String, Vec<String>)>,
    /// What the tenant's settings allow every member, when they do.
    pub(super) common: Option<Patterns>,
    pub(super) grants: Vec<Grant>,
}

/// What is asked about.
pub(super) struct Thing {
    pub(super) on: GrantedType,
    pub(super) id: Option<Uuid>,
    /// The solutions of a product or the products of a solution, as far as they are known.
    pub(super) related: Option<Vec<Uuid>>,
    /// The catalog knows that there is no such thing.
    pub(super) is_missing: bool,
}

fn rule(rule: &'static str, effect: Effect, text: impl Into<String>) -> RuleView {
    RuleView { rule, text: text.into(), effect, level: None }
}

impl Standing {
    /// Everything that decides whether this person may do something with a thing, and their level on it.
    pub(super) fn explain(&self, permission: &str, thing: Option<&Thing>) -> (Vec<RuleView>, Option<GrantLevel>) {
        let own = self.roles.iter().chain(&self.job_roles).flat_map(|(_, permissions)| permissions.iter().cloned());
        let common = self.common.iter().flat_map(|common| common.as_slice().iter().cloned());
        let patterns = Patterns::new(own.chain(common));
        let mut rules = vec![self.of_tenant(&patterns, permission), self.of_membership()];
        rules.extend(self.roles.iter().map(|role| of_role("ROLE", "role", role, permission)));
        rules.extend(self.job_roles.iter().map(|role| of_role("JOB_ROLE", "job role", role, permission)));
        rules.push(match &self.common {
            Some(common) if common.allow(permission) => {
                rule("SETTING", Effect::Allows, "The setting membersReadAll lets every member do this.")
            }
            Some(_) => rule("SETTING", Effect::Nothing, "The setting membersReadAll is on, and does not include this."),
            None => rule("SETTING", Effect::Nothing, "The setting membersReadAll is off."),
        });
        let Some(thing) = thing else { return (rules, None) };
        if thing.is_missing {
            rules.push(rule("RESOURCE", Effect::Refuses, "The catalog has no such thing."));
        }
        let asked =
            Question { permission, resource_type: thing.on, resource_id: thing.id, related: thing.related.as_deref() };
        let decision = decide(&patterns, &self.grants, &asked);
        let looked_at: BTreeSet<GrantId> = decision.rules.iter().filter_map(|rule| grant_of(rule.looked_at)).collect();
        // The patterns have been told role by role.
        let told = decision.rules.iter().filter(|rule| rule.looked_at != LookedAt::Patterns);
        rules.extend(told.map(|told| RuleView {
            level: told.level,
            ..rule(
                name_of(told.looked_at),
                if told.allows { Effect::Allows } else { Effect::Nothing },
                told.to_string(),
            )
        }));
        let elsewhere = self.grants.iter().filter(|grant| !looked_at.contains(&grant.id));
        rules.extend(
            elsewhere.map(|grant| {
                rule("GRANT", Effect::Nothing, format!("The grant {} is about something else.", grant.id))
            }),
        );
        (rules, decision.level)
    }

    fn of_tenant(&self, patterns: &Patterns, permission: &str) -> RuleView {
        let status = self.tenant.status;
        let usable = is_usable(&self.tenant, patterns.clone()).is_ok_and(|left| left.allow(permission));
        match status {
            TenantStatus::Active => rule("TENANT", Effect::Nothing, "The tenant is ACTIVE."),
            _ if usable => rule("TENANT", Effect::Nothing, format!("The tenant is {status}, which leaves this.")),
            _ => rule("TENANT", Effect::Refuses, format!("The tenant is {status}.")),
        }
    }

    fn of_membership(&self) -> RuleView {
        let effect = if self.status == MemberStatus::Active { Effect::Nothing } else { Effect::Refuses };
        rule("MEMBERSHIP", effect, format!("The membership is {}.", self.status))
    }
}

fn of_role(kind: &'static str, noun: &str, (name, permissions): &(String, Vec<String>), permission: &str) -> RuleView {
    let allows = |pattern: &&String| Patterns::new([(*pattern).clone()]).allow(permission);
    match permissions.iter().find(allows) {
        Some(pattern) => rule(kind, Effect::Allows, format!("The {noun} {name} allows it: {pattern}.")),
        None => rule(kind, Effect::Nothing, format!("The {noun} {name} does not allow it.")),
    }
}

fn grant_of(looked_at: LookedAt) -> Option<GrantId> {
    match looked_at {
        LookedAt::OnIt(id) | LookedAt::OnAll(id) | LookedAt::OnAllOf(_, id) | LookedAt::OnSolution(_, id) => Some(id),
        LookedAt::Patterns | LookedAt::OnEveryProduct | LookedAt::Unknown => None,
    }
}

fn name_of(looked_at: LookedAt) -> &'static str {
    match looked_at {
        LookedAt::OnIt(_) | LookedAt::OnAll(_) => "GRANT",
        _ => "FLOW",
    }
}

/// Whether what was looked at comes to a yes.
pub(super) fn allowed(rules: &[RuleView]) -> bool {
    rules.iter().any(|rule| rule.effect == Effect::Allows) && rules.iter().all(|rule| rule.effect != Effect::Refuses)
}
