//! What a metric rule is, how it may change, and which points it fits. Pure.

use std::collections::BTreeMap;

use contracts::Aggregate;
use contracts::telemetry::{MetricRuleView, RefusalCode};
use db::Json;
use diesel::prelude::*;
use kernel::problem::{Problem, ProblemKind};
use kernel::{AssignmentId, Check, Field, MetricRuleId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::attributes::{Named, Wanted};
use crate::schema::metric_rules;
use crate::values::Reason;

/// Most rules of a tenant: each export reads them.
pub(crate) const MOST_RULES: i64 = 1_000;
/// Most conditions of a rule.
const MOST_CONDITIONS: usize = 16;
/// Longest name of a metric, of an attribute or of a task, and longest text of a condition.
const CHARS: usize = 255;

/// A tenant has as many rules as it may.
pub(crate) static TOO_MANY: ProblemKind =
    ProblemKind::new("METRIC_RULE_TOO_MANY", 409, "There are as many metric rules as there may be");

/// Two rules alike would make the same values twice.
pub(crate) static TWIN: ProblemKind = ProblemKind::new("METRIC_RULE_EXISTS", 409, "There is this metric rule already");

/// A row of `metric_rules`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = metric_rules, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct MetricRule {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: MetricRuleId,
    pub(crate) version: i64,
    pub(crate) metric: String,
    pub(crate) conditions: Json<BTreeMap<String, String>>,
    pub(crate) assignment_id: Option<AssignmentId>,
    pub(crate) assignment_from: Option<String>,
    pub(crate) attribute_name: String,
    pub(crate) task_name: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A new rule, for one assignment (`assignmentId`) or for those that the points themselves name (`assignmentFrom`).
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "metric": "harbour.users.active", "conditions": { "deployment.environment": "production" },
    "assignmentFrom": "customer.id", "attributeName": "Users signed in"
}))]
pub(crate) struct CreateMetricRule {
    /// The name of the metric, 1 to 255 characters; a gauge or a sum.
    metric: String,
    /// What attributes of the point, or else of its resource, must say: up to 16.
    #[serde(default)]
    conditions: BTreeMap<String, String>,
    /// The assignment the values are about.
    pub(super) assignment_id: Option<AssignmentId>,
    /// In its place: the attribute of the point or its resource that says the assignment's id or external key.
    assignment_from: Option<String>,
    /// The telemetry attribute of the assignment's plan, by name.
    attribute_name: String,
    /// The task that has it, where several have one of that name.
    task_name: Option<String>,
}

/// A change of a rule; what is left out stays, `null` clears.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "conditions": {} }))]
pub(crate) struct MetricRulePatch {
    /// The name of the metric.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    metric: Field<String>,
    /// All conditions, in place of those there were.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    conditions: Field<BTreeMap<String, String>>,
    /// The assignment the values are about.
    #[serde(default)]
    #[schema(value_type = Option<AssignmentId>)]
    pub(super) assignment_id: Field<AssignmentId>,
    /// The attribute that says the assignment.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    assignment_from: Field<String>,
    /// The telemetry attribute.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    attribute_name: Field<String>,
    /// The task that has it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    task_name: Field<String>,
}

/// A rule, and what would become of its values.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetMetricRule {
    #[serde(flatten)]
    pub(super) rule: MetricRuleView,
    /// Why its values would be refused today: its assignment has no plan, or the plan does not have the attribute, or several of
    /// its tasks do. Null when they would be taken, and when the points say which assignment it is.
    pub(super) warning: Option<String>,
}

impl Aggregate for SetMetricRule {
    fn id(&self) -> Uuid {
        self.rule.id()
    }
    fn version(&self) -> i64 {
        self.rule.version()
    }
}

/// Where the values of a rule go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// To this assignment.
    Id(AssignmentId),
    /// To the one with this external key.
    Key(String),
}

impl MetricRule {
    /// A new rule at version 1.
    pub(crate) fn create(command: CreateMetricRule, tenant_id: TenantId, now: Timestamp) -> Result<Self, Problem> {
        let CreateMetricRule { metric, conditions, assignment_id, assignment_from, attribute_name, task_name } =
            command;
        let rule = Self {
            tenant_id,
            id: MetricRuleId::fresh(),
            version: 1,
            metric,
            conditions: Json(conditions),
            assignment_id,
            assignment_from,
            attribute_name,
            task_name,
            created_at: now,
            updated_at: now,
        };
        rule.checked(Check::new())
    }

    /// The rule after a patch; as it was when that says nothing new.
    pub(crate) fn change(mut self, patch: MetricRulePatch, now: Timestamp) -> Result<Self, Problem> {
        let MetricRulePatch { metric, conditions, assignment_id, assignment_from, attribute_name, task_name } = patch;
        let (before, mut check) = (self.clone(), Check::new());
        check.not_null("/metric", metric.set(&mut self.metric));
        check.not_null("/conditions", conditions.set(&mut self.conditions.0));
        assignment_id.set_option(&mut self.assignment_id);
        assignment_from.set_option(&mut self.assignment_from);
        check.not_null("/attributeName", attribute_name.set(&mut self.attribute_name));
        task_name.set_option(&mut self.task_name);
        let after = self.checked(check)?;
        Ok(if after == before { before } else { after.touched(now) })
    }

    /// The rule at its next version.
    pub(crate) fn touched(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }

    fn checked(mut self, mut check: Check) -> Result<Self, Problem> {
        self.attribute_name = self.attribute_name.trim().to_owned();
        check.line("/metric", &self.metric, 1, CHARS);
        check.line("/attributeName", &self.attribute_name, 1, CHARS);
        check.optional_line("/taskName", self.task_name.as_deref(), CHARS);
        if let Some(from) = &self.assignment_from {
            check.line("/assignmentFrom", from, 1, CHARS);
        }
        let Json(conditions) = &self.conditions;
        check.that(conditions.len() <= MOST_CONDITIONS, "/conditions", "TOO_MANY", || {
            format!("has {} conditions; give at most {MOST_CONDITIONS}", conditions.len())
        });
        for (name, text) in conditions {
            check.line("/conditions", name, 1, CHARS);
            check.line("/conditions", text, 0, CHARS);
        }
        check.that(self.assignment_id.is_some() != self.assignment_from.is_some(), "/assignmentId", "REQUIRED", || {
            "and assignmentFrom exclude each other, and one of them is needed".to_owned()
        });
        check.finish()?;
        Ok(self)
    }

    /// The attribute that all of its values go to, if it names the assignment.
    pub(super) fn wanted(&self) -> Option<(AssignmentId, Wanted<'_>)> {
        let (attribute, task) = (Some(self.attribute_name.as_str()), self.task_name.as_deref());
        Some((self.assignment_id?, Wanted::Named(Named { attribute, task, ..Named::default() })))
    }

    /// Why its values are refused, in the words of a rule: by names alone it finds its attribute.
    pub(super) fn told(&self, Reason { code, detail }: Reason) -> String {
        match (code, &self.task_name) {
            (RefusalCode::AttributeAmbiguous, None) => {
                format!("Several tasks have an attribute {:?}. Say which of them with taskName.", self.attribute_name)
            }
            (RefusalCode::AttributeAmbiguous, Some(task)) => {
                let attribute = &self.attribute_name;
                format!("Several tasks {task:?} have an attribute {attribute:?}. Give one of the tasks another name.")
            }
            _ => detail,
        }
    }

    /// Whether it takes points whose attributes are these.
    pub(crate) fn fits<'a>(&self, attribute: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.conditions.0.iter().all(|(name, text)| attribute(name) == Some(text))
    }

    /// Where the value of such a point goes; `None` when the point does not say.
    pub(crate) fn target<'a>(&self, attribute: impl Fn(&str) -> Option<&'a str>) -> Option<Target> {
        if let Some(id) = self.assignment_id {
            return Some(Target::Id(id));
        }
        let said = attribute(self.assignment_from.as_deref()?)?;
        Some(said.parse().map_or_else(|_| Target::Key(said.to_owned()), Target::Id))
    }
}

impl From<MetricRule> for MetricRuleView {
    fn from(rule: MetricRule) -> Self {
        let MetricRule {
            tenant_id: _,
            id,
            version,
            metric,
            conditions: Json(conditions),
            assignment_id,
            assignment_from,
            attribute_name,
            task_name,
            created_at,
            updated_at,
        } = rule;
        Self {
            id,
            version,
            metric,
            conditions,
            assignment_id,
            assignment_from,
            attribute_name,
            task_name,
            created_at,
            updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rule(command: Value) -> Result<MetricRule, Problem> {
        MetricRule::create(serde_json::from_value(command).unwrap(), TenantId::fresh(), Timestamp::from_micros(1))
    }

    #[test]
    fn a_rule_says_where_its_values_go_in_one_way() {
        let id = AssignmentId::fresh();
        let base = json!({ "metric": "users", "attributeName": " Users " });
        let with = |more: Value| {
            let mut all = base.clone();
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            rule(all)
        };
        assert_eq!(with(json!({ "assignmentId": id })).unwrap().attribute_name, "Users");
        for more in [
            json!({}),
            json!({ "assignmentId": id, "assignmentFrom": "customer.id" }),
            json!({ "assignmentFrom": "" }),
            json!({ "assignmentFrom": "x", "metric": "" }),
            json!({ "assignmentFrom": "x", "conditions": { "": "x" } }),
        ] {
            assert!(with(more.clone()).is_err(), "{more}");
        }
        let from = with(json!({ "assignmentFrom": "customer.id" })).unwrap();
        let patch = serde_json::from_value(json!({ "assignmentId": id, "assignmentFrom": null })).unwrap();
        let nothing = serde_json::from_value(json!({ "metric": "users", "taskName": null })).unwrap();
        assert_eq!(from.clone().change(nothing, Timestamp::from_micros(2)).unwrap(), from);
        let changed = from.change(patch, Timestamp::from_micros(2)).unwrap();
        assert_eq!((changed.version, changed.assignment_id, changed.assignment_from), (2, Some(id), None));
    }

    #[test]
    fn a_point_fits_when_it_says_all_that_is_asked() {
        let id = AssignmentId::fresh();
        let rule = rule(json!({ "metric": "m", "attributeName": "A", "assignmentFrom": "customer", "conditions": { "env": "prod" } })).unwrap();
        let said = |env: &'static str, customer: Option<&'static str>| {
            move |name: &str| match name {
                "env" => Some(env),
                "customer" => customer,
                _ => None,
            }
        };
        assert!(rule.fits(said("prod", None)) && !rule.fits(said("test", None)));
        assert_eq!(rule.target(said("prod", None)), None);
        assert_eq!(rule.target(said("prod", Some("harbour-7"))), Some(Target::Key("harbour-7".to_owned())));
        let text: &'static str = id.to_string().leak();
        assert_eq!(rule.target(said("prod", Some(text))), Some(Target::Id(id)));
    }
}
