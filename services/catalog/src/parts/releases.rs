//! Releases: the versions of an owner that tasks belong to, ranked by level.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::catalog::{RELEASE_CHANGED, RELEASE_CREATED, RELEASE_DELETED, RELEASE_REORDERED, ReleaseView};
use db::{Conn, Db};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::problem::ProblemKind;
use kernel::{Check, Field, Hundredths, Problem, ReleaseId, TenantId, Timestamp};
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
use crate::schema::releases;
use crate::tasks::links;

/// The routes that lead through an owner.
pub(super) fn under_owner(config: &mut ServiceConfig<'_>) {
    config.service(create_release).service(list_releases).service(reorder_releases);
}

/// The routes of one release.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_release).service(change_release).service(delete_release);
}

static EXTERNAL_KEY_TAKEN: ProblemKind =
    ProblemKind::new("RELEASE_EXTERNAL_KEY_TAKEN", 409, "Another release has this external key");

/// What two releases cannot share.
static REFUSALS: &[Refusal] = &[(
    "releases_external_key_key",
    &EXTERNAL_KEY_TAKEN,
    "Another release of this tenant has this externalKey; choose another.",
)];

/// A row of `releases`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = releases, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Release {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: ReleaseId,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) owner_kind: OwnerKind,
    pub(crate) owner_id: Uuid,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) display_order: i32,
    pub(crate) level: Hundredths,
    pub(crate) is_active: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A new release.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Spring", "level": 1.1 }))]
pub(crate) struct CreateRelease {
    /// 1 to 255 characters.
    pub(crate) name: String,
    /// Up to 5,000 characters.
    pub(crate) description: Option<String>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(crate) external_key: Option<String>,
    /// Its rank with two places, such as 1.1 (default 1): higher is later.
    pub(crate) level: Option<Hundredths>,
    /// Whether it is still offered (default true).
    pub(crate) is_active: Option<bool>,
    /// Its place in the list, from 1 (default: after the last one).
    pub(crate) display_order: Option<i32>,
}

/// A change of a release; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "level": 1.25 }))]
pub(crate) struct ReleasePatch {
    /// 1 to 255 characters.
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
    /// Its rank with two places, such as 1.1.
    #[serde(default)]
    #[schema(value_type = Option<Hundredths>)]
    pub(crate) level: Field<Hundredths>,
    /// Whether it is still offered.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub(crate) is_active: Field<bool>,
    /// Its place in the list, from 1.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    pub(crate) display_order: Field<i32>,
}

/// A new order of all releases of an owner.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReorderReleases {
    /// Every one of them, once.
    release_ids: Vec<ReleaseId>,
}

part! {
    Release, "release", in releases, by ReleaseId, shown as ReleaseView, at "/catalog/v1/releases";
    called name, made by CreateRelease, changed by ReleasePatch;
    told by RELEASE_CREATED, RELEASE_CHANGED, RELEASE_DELETED, RELEASE_REORDERED;
}

impl Release {
    fn create(command: CreateRelease, under: &Under, place: i32) -> Result<Self, Problem> {
        let CreateRelease { name, description, external_key, level, is_active, display_order } = command;
        let row = Self {
            tenant_id: under.tenant,
            id: ReleaseId::fresh(),
            version: 1,
            revision: under.revision,
            owner_kind: under.owner.kind(),
            owner_id: under.owner.id(),
            external_key,
            name: name.trim().to_owned(),
            description,
            display_order: display_order.unwrap_or(place),
            level: level.unwrap_or(Hundredths(100)),
            is_active: is_active.unwrap_or(true),
            created_at: under.now,
            updated_at: under.now,
        };
        row.check(Check::new())?;
        Ok(row)
    }

    fn change(mut self, patch: ReleasePatch, under: &Under) -> Result<Self, Problem> {
        let ReleasePatch { name, description, external_key, level, is_active, display_order } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        description.set_option(&mut self.description);
        external_key.set_option(&mut self.external_key);
        check.not_null("/level", level.set(&mut self.level));
        check.not_null("/isActive", is_active.set(&mut self.is_active));
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
        check.that(self.level >= Hundredths::ZERO, "/level", "OUT_OF_RANGE", || {
            format!("is {}; give 0 or more", self.level)
        });
        check.finish()
    }
}

impl From<Release> for ReleaseView {
    fn from(row: Release) -> Self {
        let Release {
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
            level,
            is_active,
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
            level,
            is_active,
            display_order,
            created_at,
            updated_at,
        }
    }
}

/// Whose release it is.
pub(super) async fn owner_of(conn: &Conn, tenant: TenantId, id: ReleaseId) -> Result<Option<Owner>, Problem> {
    store::owner_of(conn, tenant, id).await
}

/// The ids of all of an owner's releases, in order.
pub(crate) async fn release_ids(mut conn: &Conn, tenant: TenantId, owner: Owner) -> Result<Vec<ReleaseId>, Problem> {
    let rows = releases::table.filter(releases::tenant_id.eq(tenant)).filter(releases::owner_id.eq(owner.id()));
    Ok(rows.order((releases::display_order, releases::id)).select(releases::id).load(&mut conn).await?)
}

/// Make a release
///
/// At the end of its owner's list, unless `displayOrder` says otherwise.
#[utoipa::path(tag = "releases", request_body = CreateRelease, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = ReleaseView), (status = 409, description = "The external key is taken.")))]
#[post("/releases")]
async fn create_release(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(command): Body<CreateRelease>,
) -> Answer {
    commands::create(&who, &db, owner, command).await
}

/// List releases
///
/// In the owner's order.
#[utoipa::path(tag = "releases", params(ListQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = kernel::Page<ReleaseView>)))]
#[get("/releases")]
async fn list_releases(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    owner: Owner,
    Query(query): Query<ListQuery>,
) -> Answer {
    commands::list(&who, &db, &context, owner, &query).await
}

/// Show a release
///
/// One version of the product or solution that tasks may belong to.
#[utoipa::path(tag = "releases", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = ReleaseView)))]
#[get("/releases/{releaseId}")]
async fn show_release(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<ReleaseId>) -> Answer {
    commands::show(&who, &db, id).await
}

/// Change a release
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is honoured when sent.
#[utoipa::path(tag = "releases", request_body = ReleasePatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = ReleaseView), (status = 409, description = "The external key is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/releases/{releaseId}")]
async fn change_release(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<ReleaseId>,
    Body(patch): Body<ReleasePatch>,
) -> Answer {
    commands::change(&who, &db, id, patch).await
}

/// Delete a release
///
/// For good. It is taken out of the tasks that name it.
#[utoipa::path(tag = "releases", security(("bearer" = [CatalogWrite::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/releases/{releaseId}")]
async fn delete_release(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<ReleaseId>) -> Answer {
    commands::delete(&who, &db, id, async |tx, under| links::releases::forget(tx, under, &[id]).await).await
}

/// Reorder releases
///
/// Names every release of the owner; they are numbered 1 to n in that order, all at once.
#[utoipa::path(tag = "releases", request_body = ReorderReleases, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = kernel::Page<ReleaseView>)))]
#[post("/releases/reorder")]
async fn reorder_releases(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(body): Body<ReorderReleases>,
) -> Answer {
    commands::reorder(&who, &db, owner, "/releaseIds", body.release_ids).await
}
