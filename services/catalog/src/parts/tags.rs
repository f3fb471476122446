//! Tags: words to find tasks by.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::catalog::{TAG_CHANGED, TAG_CREATED, TAG_DELETED, TAG_REORDERED, TagView};
use db::Db;
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{Check, Field, Problem, TagId, TenantId, Timestamp};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use web::{Allow, Answer, Body, Context, Path, Query};

use super::part;
use crate::fields;
use crate::lists::ListQuery;
use crate::owners::{Owner, OwnerKind, Under};
use crate::permissions::{CatalogRead, CatalogWrite};
use crate::refusals::Refusal;
use crate::schema::tags;
use crate::tasks::links;

/// The routes that lead through an owner.
pub(super) fn under_owner(config: &mut ServiceConfig<'_>) {
    config.service(create_tag).service(list_tags).service(reorder_tags);
}

/// The routes of one tag.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_tag).service(change_tag).service(delete_tag);
}

static NAME_TAKEN: ProblemKind = ProblemKind::new("TAG_NAME_TAKEN", 409, "Another tag of this owner has this name");
static EXTERNAL_KEY_TAKEN: ProblemKind =
    ProblemKind::new("TAG_EXTERNAL_KEY_TAKEN", 409, "Another tag has this external key");

/// What two tags cannot share.
static REFUSALS: &[Refusal] = &[
    (
        "tags_name_key",
        &NAME_TAKEN,
        "Choose another name, or rename the tag of this owner that has it; case does not count.",
    ),
    ("tags_external_key_key", &EXTERNAL_KEY_TAKEN, "Another tag of this tenant has this externalKey; choose another."),
];

/// A row of `tags`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tags, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Tag {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: TagId,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) owner_kind: OwnerKind,
    pub(crate) owner_id: Uuid,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) display_order: i32,
    pub(crate) color: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A new tag.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Security", "color": "#2b7a4b" }))]
pub(crate) struct CreateTag {
    /// 1 to 255 characters, unique among the owner's tags, whatever the case of its letters.
    pub(crate) name: String,
    /// Up to 5,000 characters.
    pub(crate) description: Option<String>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(crate) external_key: Option<String>,
    /// `#RRGGBB`.
    pub(crate) color: Option<String>,
    /// Its place in the list, from 1 (default: after the last one).
    pub(crate) display_order: Option<i32>,
}

/// A change of a tag; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "color": null }))]
pub(crate) struct TagPatch {
    /// 1 to 255 characters, unique among the owner's tags, whatever the case of its letters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) name: Field<String>,
    /// Up to 5,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Field<String>,
    /// The caller's own key.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) external_key: Field<String>,
    /// `#RRGGBB`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) color: Field<String>,
    /// Its place in the list, from 1.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    pub(crate) display_order: Field<i32>,
}

/// A new order of all tags of an owner.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReorderTags {
    /// Every one of them, once.
    tag_ids: Vec<TagId>,
}

part! {
    Tag, "tag", in tags, by TagId, shown as TagView, at "/catalog/v1/tags";
    called name, made by CreateTag, changed by TagPatch;
    told by TAG_CREATED, TAG_CHANGED, TAG_DELETED, TAG_REORDERED;
}

impl Tag {
    fn create(command: CreateTag, under: &Under, place: i32) -> Result<Self, Problem> {
        let CreateTag { name, description, external_key, color, display_order } = command;
        let row = Self {
            tenant_id: under.tenant,
            id: TagId::fresh(),
            version: 1,
            revision: under.revision,
            owner_kind: under.owner.kind(),
            owner_id: under.owner.id(),
            external_key,
            name: name.trim().to_owned(),
            description,
            display_order: display_order.unwrap_or(place),
            color,
            created_at: under.now,
            updated_at: under.now,
        };
        row.check(Check::new())?;
        Ok(row)
    }

    fn change(mut self, patch: TagPatch, under: &Under) -> Result<Self, Problem> {
        let TagPatch { name, description, external_key, color, display_order } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        description.set_option(&mut self.description);
        external_key.set_option(&mut self.external_key);
        color.set_option(&mut self.color);
        check.not_null("/displayOrder", display_order.set(&mut self.display_order));
        self.name = self.name.trim().to_owned();
        self.check(check)?;
        Ok(self.touched(under))
    }

    fn check(&self, mut check: Check) -> Result<(), Problem> {
        fields::name(&mut check, &self.name);
        fields::description(&mut check, self.description.as_deref());
        fields::external_key(&mut check, self.external_key.as_deref());
        fields::display_order(&mut check, self.display_order);
        if let Some(color) = &self.color {
            check.that(is_color(color), "/color", "INVALID", || "is not #RRGGBB".to_owned());
        }
        check.finish()
    }
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| digits.len() == 6 && digits.chars().all(|c| c.is_ascii_hexdigit()))
}

impl From<Tag> for TagView {
    fn from(row: Tag) -> Self {
        let Tag {
            tenant_id: _,
            id,
            version,
            revision,
            owner_kind,
            owner_id,
            external_key,
            name,
            description,
            display_order,
            color,
            created_at,
            updated_at,
        } = row;
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
            color,
            display_order,
            created_at,
            updated_at,
        }
    }
}

/// Make a tag
///
/// At the end of its owner's list, unless `displayOrder` says otherwise.
#[utoipa::path(tag = "tags", request_body = CreateTag, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = TagView), (status = 409, description = "The name or the external key is taken.")))]
#[post("/tags")]
async fn create_tag(who: Allow<CatalogWrite>, db: Data<Db>, owner: Owner, Body(command): Body<CreateTag>) -> Answer {
    commands::create(&who, &db, owner, command).await
}

/// List tags
///
/// In the owner's order.
#[utoipa::path(tag = "tags", params(ListQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = kernel::Page<TagView>)))]
#[get("/tags")]
async fn list_tags(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    owner: Owner,
    Query(query): Query<ListQuery>,
) -> Answer {
    commands::list(&who, &db, &context, owner, &query).await
}

/// Show a tag
///
/// One label of a product or solution.
#[utoipa::path(tag = "tags", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = TagView)))]
#[get("/tags/{tagId}")]
async fn show_tag(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<TagId>) -> Answer {
    commands::show(&who, &db, id).await
}

/// Change a tag
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is honoured when sent.
#[utoipa::path(tag = "tags", request_body = TagPatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = TagView), (status = 409, description = "The name or the external key is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/tags/{tagId}")]
async fn change_tag(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<TagId>,
    Body(patch): Body<TagPatch>,
) -> Answer {
    commands::change(&who, &db, id, patch).await
}

/// Delete a tag
///
/// For good. It is taken out of the tasks that name it.
#[utoipa::path(tag = "tags", security(("bearer" = [CatalogWrite::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/tags/{tagId}")]
async fn delete_tag(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<TagId>) -> Answer {
    commands::delete(&who, &db, id, async |tx, under| links::tags::forget(tx, under, &[id]).await).await
}

/// Reorder tags
///
/// Names every tag of the owner; they are numbered 1 to n in that order, all at once.
#[utoipa::path(tag = "tags", request_body = ReorderTags, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = kernel::Page<TagView>)))]
#[post("/tags/reorder")]
async fn reorder_tags(who: Allow<CatalogWrite>, db: Data<Db>, owner: Owner, Body(body): Body<ReorderTags>) -> Answer {
    commands::reorder(&who, &db, owner, "/tagIds", body.tag_ids).await
}
