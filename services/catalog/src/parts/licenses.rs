//! Licences: how much of an owner a customer has bought.
//!
//! A licence's level 1, 2 or 3 is a task's ESSENTIAL, ADVANTAGE or SIGNATURE; higher levels are the tenant's own.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post, put};
use contracts::catalog::{
    LICENSE_CHANGED, LICENSE_CREATED, LICENSE_DELETED, LICENSE_REORDERED, LicenseLevel, LicenseView,
};
use db::{Conn, Db, Tx};
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{Check, Field, LicenseId, Problem, TenantId, Timestamp};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::part;
use super::product_licenses::{AssignProductLicenses, Included, included, includes};
use crate::fields;
use crate::lists::ListQuery;
use crate::owners::{Owner, OwnerKind, Under};
use crate::permissions::{CatalogRead, CatalogWrite};
use crate::refusals::Refusal;
use crate::schema::licenses;

/// The routes that lead through an owner.
pub(super) fn under_owner(config: &mut ServiceConfig<'_>) {
    config.service(create_license).service(list_licenses).service(reorder_licenses);
}

/// The routes of one licence.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_license).service(change_license).service(delete_license).service(assign_product_licenses);
}

static EXTERNAL_KEY_TAKEN: ProblemKind =
    ProblemKind::new("LICENSE_EXTERNAL_KEY_TAKEN", 409, "Another licence has this external key");

/// What two licences cannot share.
static REFUSALS: &[Refusal] = &[(
    "licenses_external_key_key",
    &EXTERNAL_KEY_TAKEN,
    "Another licence of this tenant has this externalKey; choose another.",
)];

/// A row of `licenses`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = licenses, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct License {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: LicenseId,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) owner_kind: OwnerKind,
    pub(crate) owner_id: Uuid,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) display_order: i32,
    pub(crate) level: i32,
    pub(crate) is_active: bool,
    #[diesel(select_expression = included(), select_expression_type = Included)]
    pub(crate) product_license_ids: Vec<LicenseId>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A new licence.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Advantage", "level": 2 }))]
pub(crate) struct CreateLicense {
    /// 1 to 255 characters.
    pub(crate) name: String,
    /// Up to 5,000 characters.
    pub(crate) description: Option<String>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(crate) external_key: Option<String>,
    /// 1 to 10 (default 1): 1 is ESSENTIAL, 2 ADVANTAGE, 3 SIGNATURE.
    pub(crate) level: Option<i32>,
    /// Whether it is still offered (default true).
    pub(crate) is_active: Option<bool>,
    /// Its place in the list, from 1 (default: after the last one).
    pub(crate) display_order: Option<i32>,
}

/// A change of a licence; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "isActive": false }))]
pub(crate) struct LicensePatch {
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
    /// 1 to 10.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    pub(crate) level: Field<i32>,
    /// Whether it is still offered.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub(crate) is_active: Field<bool>,
    /// Its place in the list, from 1.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    pub(crate) display_order: Field<i32>,
}

/// A new order of all licences of an owner.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReorderLicenses {
    /// Every one of them, once.
    license_ids: Vec<LicenseId>,
}

part! {
    License, "licence", in licenses, by LicenseId, shown as LicenseView, at "/catalog/v1/licenses";
    called name, made by CreateLicense, changed by LicensePatch;
    told by LICENSE_CREATED, LICENSE_CHANGED, LICENSE_DELETED, LICENSE_REORDERED;
}

impl License {
    fn create(command: CreateLicense, under: &Under, place: i32) -> Result<Self, Problem> {
        let CreateLicense { name, description, external_key, level, is_active, display_order } = command;
        let row = Self {
            tenant_id: under.tenant,
            id: LicenseId::fresh(),
            version: 1,
            revision: under.revision,
            owner_kind: under.owner.kind(),
            owner_id: under.owner.id(),
            external_key,
            name: name.trim().to_owned(),
            description,
            display_order: display_order.unwrap_or(place),
            level: level.unwrap_or(1),
            is_active: is_active.unwrap_or(true),
            product_license_ids: Vec::new(),
            created_at: under.now,
            updated_at: under.now,
        };
        row.check(Check::new())?;
        Ok(row)
    }

    fn change(mut self, patch: LicensePatch, under: &Under) -> Result<Self, Problem> {
        let LicensePatch { name, description, external_key, level, is_active, display_order } = patch;
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
        check.that((1..=10).contains(&self.level), "/level", "OUT_OF_RANGE", || {
            format!("is {}; give 1 to 10", self.level)
        });
        check.finish()
    }
}

impl From<License> for LicenseView {
    fn from(row: License) -> Self {
        let License {
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
            product_license_ids,
            created_at,
            updated_at,
        } = row;
        let (product_id, solution_id) = Owner::of(owner_kind, owner_id).ids();
        Self {
            license_level: LicenseLevel::of(level),
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
            product_license_ids,
            display_order,
            created_at,
            updated_at,
        }
    }
}

/// All of an owner's licences, in order.
pub(crate) async fn of_owner(conn: &Conn, tenant: TenantId, owner: Owner) -> Result<Vec<LicenseView>, Problem> {
    Ok(store::line(conn, tenant, owner).await?.into_iter().map(LicenseView::from).collect())
}

/// Make a licence
///
/// At the end of its owner's list, unless `displayOrder` says otherwise.
#[utoipa::path(tag = "licenses", request_body = CreateLicense, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = LicenseView), (status = 409, description = "The external key is taken.")))]
#[post("/licenses")]
async fn create_license(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(command): Body<CreateLicense>,
) -> Answer {
    commands::create(&who, &db, owner, command).await
}

/// List licences
///
/// In the owner's order.
#[utoipa::path(tag = "licenses", params(ListQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = kernel::Page<LicenseView>)))]
#[get("/licenses")]
async fn list_licenses(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    owner: Owner,
    Query(query): Query<ListQuery>,
) -> Answer {
    commands::list(&who, &db, &context, owner, &query).await
}

/// Show a licence
///
/// With its level: a plan has the tasks up to the level of its assignment.
#[utoipa::path(tag = "licenses", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = LicenseView)))]
#[get("/licenses/{licenseId}")]
async fn show_license(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<LicenseId>) -> Answer {
    commands::show(&who, &db, id).await
}

/// Change a licence
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is honoured when sent.
#[utoipa::path(tag = "licenses", request_body = LicensePatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = LicenseView), (status = 409, description = "The external key is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/licenses/{licenseId}")]
async fn change_license(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<LicenseId>,
    Body(patch): Body<LicensePatch>,
) -> Answer {
    commands::change(&who, &db, id, patch).await
}

/// Delete a licence
///
/// For good. Tasks keep their level.
#[utoipa::path(tag = "licenses", security(("bearer" = [CatalogWrite::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/licenses/{licenseId}")]
async fn delete_license(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<LicenseId>) -> Answer {
    commands::delete(&who, &db, id, async |_, _| Ok(())).await
}

/// Reorder licences
///
/// Names every licence of the owner; they are numbered 1 to n in that order, all at once.
#[utoipa::path(tag = "licenses", request_body = ReorderLicenses, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = kernel::Page<LicenseView>)))]
#[post("/licenses/reorder")]
async fn reorder_licenses(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(body): Body<ReorderLicenses>,
) -> Answer {
    commands::reorder(&who, &db, owner, "/licenseIds", body.license_ids).await
}

/// Replace the product licences of a solution's licence
///
/// The licences of its products that it includes; of a product of which it names none, it includes all. `If-Match` is honoured
/// when sent.
#[utoipa::path(tag = "licenses", request_body = AssignProductLicenses, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = LicenseView), (status = 409, description = "The solution is deleted."), (status = 412, description = "Somebody else changed it.")))]
#[put("/licenses/{licenseId}/product-licenses")]
async fn assign_product_licenses(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<LicenseId>,
    Body(AssignProductLicenses { license_ids }): Body<AssignProductLicenses>,
) -> Answer {
    who.write(&db, async |tx| {
        let (under, before) = commands::enter_by(tx, &who, id).await?;
        who.expect_version(before.version)?;
        Reply::show(&include(tx, &under, id, license_ids).await?)
    })
    .await
}

/// Gives a solution's licence other product licences, if it can include them.
pub(super) async fn include(
    tx: &mut Tx,
    under: &Under,
    id: LicenseId,
    product_license_ids: Vec<LicenseId>,
) -> Result<LicenseView, Problem> {
    includes(tx, under, &product_license_ids).await?;
    assign(tx, under, id, product_license_ids).await
}

/// Gives a solution's licence other product licences.
pub(super) async fn assign(
    tx: &mut Tx,
    under: &Under,
    id: LicenseId,
    product_license_ids: Vec<LicenseId>,
) -> Result<LicenseView, Problem> {
    let before = store::find(tx, under.tenant, id).await?.ok_or_else(|| Problem::not_found("licence"))?;
    let after = License { product_license_ids, ..before.clone().touched(under) };
    store::update(tx, &after).await?;
    let view = LicenseView::from(after);
    tx.announce(&LICENSE_CHANGED, Some(&before.into()), &view).await?;
    Ok(view)
}
