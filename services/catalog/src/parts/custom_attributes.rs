//! Custom attributes: facts about an owner that the platform has no field for.
//!
//! The value is any JSON that fits the attribute's type, kept as it was sent.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use chrono::NaiveDate;
use contracts::catalog::{
    CUSTOM_ATTRIBUTE_CHANGED, CUSTOM_ATTRIBUTE_CREATED, CUSTOM_ATTRIBUTE_DELETED, CUSTOM_ATTRIBUTE_REORDERED,
    CustomAttributeView, CustomDataType,
};
use db::Db;
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{Check, CustomAttributeId, Field, Problem, TenantId, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use web::{Allow, Answer, Body, Context, Path, Query};

use super::part;
use crate::fields;
use crate::lists::ListQuery;
use crate::owners::{Owner, OwnerKind, Under};
use crate::permissions::{CatalogRead, CatalogWrite};
use crate::refusals::Refusal;
use crate::schema::custom_attributes;

/// The routes that lead through an owner.
pub(super) fn under_owner(config: &mut ServiceConfig<'_>) {
    config.service(create_custom_attribute).service(list_custom_attributes).service(reorder_custom_attributes);
}

/// The routes of one custom attribute.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_custom_attribute).service(change_custom_attribute).service(delete_custom_attribute);
}

static KEY_TAKEN: ProblemKind =
    ProblemKind::new("CUSTOM_ATTRIBUTE_KEY_TAKEN", 409, "Another custom attribute of this owner has this key");
static EXTERNAL_KEY_TAKEN: ProblemKind =
    ProblemKind::new("CUSTOM_ATTRIBUTE_EXTERNAL_KEY_TAKEN", 409, "Another custom attribute has this external key");

/// What two custom attributes cannot share.
static REFUSALS: &[Refusal] = &[
    (
        "custom_attributes_key_key",
        &KEY_TAKEN,
        "Choose another key, or change the custom attribute of this owner that has it.",
    ),
    (
        "custom_attributes_external_key_key",
        &EXTERNAL_KEY_TAKEN,
        "Another custom attribute of this tenant has this externalKey; choose another.",
    ),
];

/// The most bytes a value may have.
const LONGEST_VALUE: usize = 16 * 1024;

/// A row of `custom_attributes`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = custom_attributes, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct CustomAttribute {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: CustomAttributeId,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) owner_kind: OwnerKind,
    pub(crate) owner_id: Uuid,
    pub(crate) external_key: Option<String>,
    pub(crate) key: String,
    pub(crate) description: Option<String>,
    pub(crate) display_order: i32,
    pub(crate) value: String,
    pub(crate) data_type: CustomDataType,
    pub(crate) is_required: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A new custom attribute.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "key": "supportTier", "value": "gold" }))]
pub(crate) struct CreateCustomAttribute {
    /// 1 to 255 characters, unique among the owner's custom attributes.
    pub(crate) key: String,
    /// Up to 5,000 characters.
    pub(crate) description: Option<String>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(crate) external_key: Option<String>,
    /// Up to 16 KiB of JSON that fits `dataType`; kept as it is sent. `null`: not known yet.
    #[schema(value_type = Value)]
    pub(crate) value: Box<RawValue>,
    /// The type of the value (default: the type that the value shows, TEXT for `null`).
    pub(crate) data_type: Option<CustomDataType>,
    /// Whether the value may not be `null` (default false).
    pub(crate) is_required: Option<bool>,
    /// Its place in the list, from 1 (default: after the last one).
    pub(crate) display_order: Option<i32>,
}

/// A change of a custom attribute; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "value": { "tier": "gold", "since": 2024 }, "dataType": "JSON" }))]
pub(crate) struct CustomAttributePatch {
    /// 1 to 255 characters, unique among the owner's custom attributes.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) key: Field<String>,
    /// Up to 5,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Field<String>,
    /// The caller's own key.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) external_key: Field<String>,
    /// Up to 16 KiB of JSON that fits `dataType`; kept as it is sent. `null`: not known any more.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub(crate) value: Field<Box<RawValue>>,
    /// The type of the value.
    #[serde(default)]
    #[schema(value_type = Option<CustomDataType>)]
    pub(crate) data_type: Field<CustomDataType>,
    /// Whether the value may not be `null`.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub(crate) is_required: Field<bool>,
    /// Its place in the list, from 1.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    pub(crate) display_order: Field<i32>,
}

/// A new order of all custom attributes of an owner.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReorderCustomAttributes {
    /// Every one of them, once.
    custom_attribute_ids: Vec<CustomAttributeId>,
}

part! {
    CustomAttribute, "custom attribute", in custom_attributes, by CustomAttributeId, shown as CustomAttributeView, at "/catalog/v1/custom-attributes";
    called key, made by CreateCustomAttribute, changed by CustomAttributePatch;
    told by CUSTOM_ATTRIBUTE_CREATED, CUSTOM_ATTRIBUTE_CHANGED, CUSTOM_ATTRIBUTE_DELETED, CUSTOM_ATTRIBUTE_REORDERED;
}

impl CustomAttribute {
    fn create(command: CreateCustomAttribute, under: &Under, place: i32) -> Result<Self, Problem> {
        let CreateCustomAttribute { key, description, external_key, value, data_type, is_required, display_order } =
            command;
        let row = Self {
            tenant_id: under.tenant,
            id: CustomAttributeId::fresh(),
            version: 1,
            revision: under.revision,
            owner_kind: under.owner.kind(),
            owner_id: under.owner.id(),
            external_key,
            key: key.trim().to_owned(),
            description,
            display_order: display_order.unwrap_or(place),
            value: value.get().to_owned(),
            data_type: data_type.unwrap_or_else(|| shown(&serde_json::from_str(value.get()).unwrap_or_default())),
            is_required: is_required.unwrap_or(false),
            created_at: under.now,
            updated_at: under.now,
        };
        row.check(Check::new())?;
        Ok(row)
    }

    fn change(mut self, patch: CustomAttributePatch, under: &Under) -> Result<Self, Problem> {
        let CustomAttributePatch { key, description, external_key, value, data_type, is_required, display_order } =
            patch;
        let mut check = Check::new();
        check.not_null("/key", key.set(&mut self.key));
        description.set_option(&mut self.description);
        external_key.set_option(&mut self.external_key);
        match value {
            Field::Absent => {}
            Field::Null => "null".clone_into(&mut self.value),
            Field::Value(value) => self.value = value.get().to_owned(),
        }
        check.not_null("/dataType", data_type.set(&mut self.data_type));
        check.not_null("/isRequired", is_required.set(&mut self.is_required));
        check.not_null("/displayOrder", display_order.set(&mut self.display_order));
        self.key = self.key.trim().to_owned();
        self.check(check)?;
        Ok(self.touched(under))
    }

    fn check(&self, mut check: Check) -> Result<(), Problem> {
        check.line("/key", &self.key, 1, 255);
        fields::description(&mut check, self.description.as_deref());
        fields::external_key(&mut check, self.external_key.as_deref());
        fields::display_order(&mut check, self.display_order);
        check.that(self.value.len() <= LONGEST_VALUE, "/value", "LENGTH", || {
            format!("has more than {LONGEST_VALUE} bytes")
        });
        let data_type = self.data_type;
        match serde_json::from_str::<Value>(&self.value) {
            Ok(value) if value.is_null() || (self.is_required && value == "") => {
                check.that(!self.is_required, "/value", "REQUIRED", || "is required; give a value".to_owned());
            }
            Ok(value) => {
                check.that(fits(&value, data_type), "/value", "TYPE_MISMATCH", || {
                    format!("is not {data_type}; give another value, or its type as dataType")
                });
                check.that(!has_nul(&value), "/value", "CONTROL_CHARACTER", || "holds a NUL; remove it".to_owned());
            }
            // Raw JSON may nest deeper and hold larger numbers than any reader takes.
            Err(error) => check.that(false, "/value", "INVALID", || format!("cannot be read: {error}")),
        }
        check.finish()
    }
}

/// The type that a value shows.
fn shown(value: &Value) -> CustomDataType {
    match value {
        Value::Null | Value::String(_) => CustomDataType::Text,
        Value::Number(_) => CustomDataType::Number,
        Value::Bool(_) => CustomDataType::Boolean,
        Value::Array(_) | Value::Object(_) => CustomDataType::Json,
    }
}

/// Whether a value is of a type. A date is text too, and anything is JSON.
fn fits(value: &Value, data_type: CustomDataType) -> bool {
    match data_type {
        CustomDataType::Json => true,
        CustomDataType::Date => value.as_str().is_some_and(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()),
        plain => shown(value) == plain,
    }
}

/// Whether a NUL stands anywhere in a value: the one character that jsonb, and so the audit trail, cannot hold.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl From<CustomAttribute> for CustomAttributeView {
    fn from(row: CustomAttribute) -> Self {
        let CustomAttribute {
            tenant_id: _,
            id,
            version,
            revision,
            owner_kind,
            owner_id,
            external_key,
            key,
            description,
            display_order,
            value,
            data_type,
            is_required,
            created_at,
            updated_at,
        } = row;
        let (product_id, solution_id) = Owner::of(owner_kind, owner_id).ids();
        // Only JSON is ever written there.
        Self {
            value: RawValue::from_string(value).unwrap_or_default(),
            id,
            version,
            revision,
            product_id,
            solution_id,
            external_key,
            key,
            description,
            data_type,
            is_required,
            display_order,
            created_at,
            updated_at,
        }
    }
}

/// Make a custom attribute
///
/// At the end of its owner's list, unless `displayOrder` says otherwise.
#[utoipa::path(tag = "custom-attributes", request_body = CreateCustomAttribute, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = CustomAttributeView), (status = 409, description = "The key or the external key is taken.")))]
#[post("/custom-attributes")]
async fn create_custom_attribute(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(command): Body<CreateCustomAttribute>,
) -> Answer {
    commands::create(&who, &db, owner, command).await
}

/// List custom attributes
///
/// In the owner's order.
#[utoipa::path(tag = "custom-attributes", params(ListQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = kernel::Page<CustomAttributeView>)))]
#[get("/custom-attributes")]
async fn list_custom_attributes(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    owner: Owner,
    Query(query): Query<ListQuery>,
) -> Answer {
    commands::list(&who, &db, &context, owner, &query).await
}

/// Show a custom attribute
///
/// With its type and value.
#[utoipa::path(tag = "custom-attributes", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = CustomAttributeView)))]
#[get("/custom-attributes/{customAttributeId}")]
async fn show_custom_attribute(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<CustomAttributeId>) -> Answer {
    commands::show(&who, &db, id).await
}

/// Change a custom attribute
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is honoured when sent.
#[utoipa::path(tag = "custom-attributes", request_body = CustomAttributePatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = CustomAttributeView), (status = 409, description = "The key or the external key is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/custom-attributes/{customAttributeId}")]
async fn change_custom_attribute(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<CustomAttributeId>,
    Body(patch): Body<CustomAttributePatch>,
) -> Answer {
    commands::change(&who, &db, id, patch).await
}

/// Delete a custom attribute
///
/// For good.
#[utoipa::path(tag = "custom-attributes", security(("bearer" = [CatalogWrite::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/custom-attributes/{customAttributeId}")]
async fn delete_custom_attribute(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<CustomAttributeId>) -> Answer {
    commands::delete(&who, &db, id, async |_, _| Ok(())).await
}

/// Reorder custom attributes
///
/// Names every custom attribute of the owner; they are numbered 1 to n in that order, all at once.
#[utoipa::path(tag = "custom-attributes", request_body = ReorderCustomAttributes, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = kernel::Page<CustomAttributeView>)))]
#[post("/custom-attributes/reorder")]
async fn reorder_custom_attributes(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(body): Body<ReorderCustomAttributes>,
) -> Answer {
    commands::reorder(&who, &db, owner, "/customAttributeIds", body.custom_attribute_ids).await
}
