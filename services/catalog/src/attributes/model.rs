//! What a telemetry attribute is and how it may change. Pure.

use contracts::catalog::AttributeView;
use db::Json;
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{AttributeId, Check, Field, FieldError, Problem, TaskId, TenantId, Timestamp};
use rules::{Criterion, CriterionError, DataType};
use serde::Deserialize;
use serde_json::Value;

use crate::fields;
use crate::refusals::Refusal;
use crate::schema::telemetry_attributes;

static NAME_TAKEN: ProblemKind =
    ProblemKind::new("TELEMETRY_ATTRIBUTE_NAME_TAKEN", 409, "Another telemetry attribute of this task has this name");

static EXTERNAL_KEY_TAKEN: ProblemKind = ProblemKind::new(
    "TELEMETRY_ATTRIBUTE_EXTERNAL_KEY_TAKEN",
    409,
    "Another telemetry attribute has this external key",
);

/// What two attributes cannot share.
pub(super) static REFUSALS: &[Refusal] = &[
    (
        "telemetry_attributes_name_key",
        &NAME_TAKEN,
        "Choose another name, or rename the attribute of this task that has it first.",
    ),
    (
        "telemetry_attributes_external_key_key",
        &EXTERNAL_KEY_TAKEN,
        "Another telemetry attribute of this tenant has this externalKey; choose another.",
    ),
];

/// A row of `telemetry_attributes`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = telemetry_attributes, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Attribute {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: AttributeId,
    pub(crate) version: i64,
    pub(crate) task_id: TaskId,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) data_type: DataType,
    pub(crate) is_required: bool,
    pub(crate) success_criteria: Option<Json<Value>>,
    pub(crate) display_order: i32,
    pub(crate) is_active: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A new telemetry attribute.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "activeUsers", "dataType": "NUMBER", "isRequired": true, "successCriteria": { "operator": ">=", "value": 10 } }))]
pub(crate) struct CreateAttribute {
    /// 1 to 255 characters, unique in the task.
    pub(crate) name: String,
    /// Up to 5,000 characters.
    pub(crate) description: Option<String>,
    /// The type of its values.
    pub(crate) data_type: DataType,
    /// Whether the task needs it to be met (default false).
    #[serde(default)]
    pub(crate) is_required: bool,
    /// When a value proves the step, in any notation of the rule language; left out: values are only recorded.
    #[schema(value_type = Option<Value>)]
    pub(crate) success_criteria: Option<Value>,
    /// Its place among the task's attributes, from 1 (default: after the last one).
    pub(crate) display_order: Option<i32>,
    /// Whether it is evaluated (default true).
    pub(crate) is_active: Option<bool>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(crate) external_key: Option<String>,
}

/// A change of a telemetry attribute; what is left out stays, `null` clears.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "successCriteria": { "operator": ">=", "value": 25 } }))]
pub(crate) struct AttributePatch {
    /// 1 to 255 characters, unique in the task.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) name: Field<String>,
    /// Up to 5,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Field<String>,
    /// The type of its values. The criterion must fit it.
    #[serde(default)]
    #[schema(value_type = Option<DataType>)]
    pub(crate) data_type: Field<DataType>,
    /// Whether the task needs it to be met.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub(crate) is_required: Field<bool>,
    /// When a value proves the step; `null`: values are only recorded.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub(crate) success_criteria: Field<Value>,
    /// Its place among the task's attributes, from 1.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    pub(crate) display_order: Field<i32>,
    /// Whether it is evaluated.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub(crate) is_active: Field<bool>,
    /// The caller's own key, unique per tenant.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) external_key: Field<String>,
}

impl Attribute {
    /// A new attribute of a task at version 1, at `place` unless it asks for another.
    pub(crate) fn create(
        command: CreateAttribute,
        tenant_id: TenantId,
        task_id: TaskId,
        place: i32,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let CreateAttribute {
            name,
            description,
            data_type,
            is_required,
            success_criteria,
            display_order,
            is_active,
            external_key,
        } = command;
        let attribute = Self {
            tenant_id,
            id: AttributeId::fresh(),
            version: 1,
            task_id,
            external_key,
            name: name.trim().to_owned(),
            description,
            data_type,
            is_required,
            success_criteria: success_criteria.map(Json),
            display_order: display_order.unwrap_or(place),
            is_active: is_active.unwrap_or(true),
            created_at: now,
            updated_at: now,
        };
        attribute.checked(Check::new())
    }

    /// The attribute after a patch.
    pub(crate) fn change(mut self, patch: AttributePatch, now: Timestamp) -> Result<Self, Problem> {
        let AttributePatch {
            name,
            description,
            data_type,
            is_required,
            success_criteria,
            display_order,
            is_active,
            external_key,
        } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        description.set_option(&mut self.description);
        external_key.set_option(&mut self.external_key);
        check.not_null("/dataType", data_type.set(&mut self.data_type));
        check.not_null("/isRequired", is_required.set(&mut self.is_required));
        match success_criteria {
            Field::Absent => {}
            Field::Null => self.success_criteria = None,
            Field::Value(criterion) => self.success_criteria = Some(Json(criterion)),
        }
        check.not_null("/displayOrder", display_order.set(&mut self.display_order));
        check.not_null("/isActive", is_active.set(&mut self.is_active));
        self.name = self.name.trim().to_owned();
        Ok(self.checked(check)?.touched(now))
    }

    /// The attribute at its next version.
    pub(crate) fn touched(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }

    /// The attribute with its criterion in canonical form, if it can stand. The criterion is read again whatever
    /// changed: it must fit the data type, and the canonical form reads as itself.
    fn checked(mut self, mut check: Check) -> Result<Self, Problem> {
        fields::name(&mut check, &self.name);
        fields::description(&mut check, self.description.as_deref());
        fields::external_key(&mut check, self.external_key.as_deref());
        fields::display_order(&mut check, self.display_order);
        if let Some(Json(written)) = &mut self.success_criteria {
            match canonical(written, self.data_type) {
                Ok(criterion) => *written = criterion,
                Err(errors) => check.extend(errors),
            }
        }
        check.finish()?;
        Ok(self)
    }
}

/// The canonical form of a criterion, or what is wrong with it, under `/successCriteria`.
fn canonical(written: &Value, data_type: DataType) -> Result<Value, Vec<FieldError>> {
    let fault =
        |error: CriterionError| FieldError::new(format!("/successCriteria{}", error.pointer), error.code, error.detail);
    let criterion = Criterion::parse(written, data_type);
    criterion.map(|criterion| criterion.to_json()).map_err(|errors| errors.into_iter().map(fault).collect())
}

impl From<Attribute> for AttributeView {
    fn from(attribute: Attribute) -> Self {
        let Attribute {
            tenant_id: _,
            id,
            version,
            task_id,
            external_key,
            name,
            description,
            data_type,
            is_required,
            success_criteria,
            display_order,
            is_active,
            created_at: _,
            updated_at: _,
        } = attribute;
        let success_criteria = success_criteria.map(|Json(criterion)| criterion);
        Self {
            id,
            version,
            task_id,
            external_key,
            name,
            description,
            data_type,
            is_required,
            success_criteria,
            display_order,
            is_active,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_micros(0)
    }

    fn attribute(json: Value) -> Result<Attribute, Problem> {
        Attribute::create(serde_json::from_value(json).unwrap(), TenantId::fresh(), TaskId::fresh(), 1, now())
    }

    fn faults(problem: &Problem) -> Vec<(&str, &str)> {
        problem.errors().iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect()
    }

    #[test]
    fn every_notation_is_kept_in_the_canonical_one() {
        let short =
            json!({ "name": "users", "dataType": "NUMBER", "successCriteria": { "operator": ">=", "value": 10 } });
        let text =
            json!({ "name": "users", "dataType": "NUMBER", "successCriteria": r#"{"operator":">=","value":10}"# });
        let canonical = json!({ "type": "number_threshold", "operator": "greater_than_or_equal", "threshold": 10 });
        for written in [short, text] {
            let kept = attribute(written).unwrap().success_criteria.map(|Json(criterion)| criterion);
            assert_eq!(kept, Some(canonical.clone()));
        }
    }

    #[test]
    fn each_fault_of_a_criterion_is_named_where_it_is() {
        let criteria = json!({ "type": "composite_and", "criteria": [
            { "type": "number_threshold", "operator": "about", "threshold": 1 },
            { "type": "boolean_flag", "expectedValue": true },
        ] });
        let problem = attribute(json!({ "name": "", "dataType": "NUMBER", "successCriteria": criteria })).unwrap_err();
        let pointers: Vec<_> = faults(&problem).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, ["/name", "/successCriteria/criteria/0/operator", "/successCriteria/criteria/1/type"]);
    }

    #[test]
    fn another_data_type_asks_the_criterion_again() {
        let flag = json!({ "name": "on", "dataType": "BOOLEAN", "successCriteria": { "type": "boolean_flag", "expectedValue": true } });
        let flag = attribute(flag).unwrap();
        let patch = |json: Value| serde_json::from_value::<AttributePatch>(json).unwrap();
        let problem = flag.clone().change(patch(json!({ "dataType": "NUMBER" })), now()).unwrap_err();
        assert_eq!(faults(&problem), [("/successCriteria/type", "CRITERION_TYPE_MISMATCH")]);
        let cleared =
            flag.clone().change(patch(json!({ "dataType": "NUMBER", "successCriteria": null })), now()).unwrap();
        assert_eq!((cleared.data_type, cleared.success_criteria, cleared.version), (DataType::Number, None, 2));
        let kept = flag.clone().change(patch(json!({ "isRequired": true })), now()).unwrap();
        assert_eq!((kept.success_criteria, kept.is_required), (flag.success_criteria, true));
    }

    #[test]
    fn a_character_the_database_cannot_keep_is_refused() {
        let criteria = json!({ "type": "string_match", "mode": "exact", "pattern": "a\u{0}b" });
        let problem =
            attribute(json!({ "name": "word", "dataType": "STRING", "successCriteria": criteria })).unwrap_err();
        assert_eq!(faults(&problem), [("/successCriteria/pattern", "CRITERION_INVALID_FIELD")]);
    }
}
