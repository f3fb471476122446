//! Outcomes: the goals that tasks serve.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::catalog::{OUTCOME_CHANGED, OUTCOME_CREATED, OUTCOME_DELETED, OUTCOME_REORDERED, OutcomeView};
use db::{Conn, Db};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::problem::ProblemKind;
use kernel::{Check, Field, OutcomeId, Problem, TenantId, Timestamp};
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
use crate::schema::outcomes;
use crate::tasks::links;

/// The routes that lead through an owner.
pub(super) fn under_owner(config: &mut ServiceConfig<'_>) {
    config.service(create_outcome).service(list_outcomes).service(reorder_outcomes);
}

/// The routes of one outcome.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_outcome).service(change_outcome).service(delete_outcome);
}

static NAME_TAKEN: ProblemKind =
    ProblemKind::new("OUTCOME_NAME_TAKEN", 409, "Another outcome of this owner has this name");
static EXTERNAL_KEY_TAKEN: ProblemKind =
    ProblemKind::new("OUTCOME_EXTERNAL_KEY_TAKEN", 409, "Another outcome has this external key");

/// What two outcomes cannot share.
static REFUSALS: &[Refusal] = &[
    ("outcomes_name_key", &NAME_TAKEN, "Choose another name, or rename the outcome of this owner that has it."),
    (
        "outcomes_external_key_key",
        &EXTERNAL_KEY_TAKEN,
        "Another outcome of this tenant has this externalKey; choose another.",
    ),
];

/// A row of `outcomes`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = outcomes, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Outcome {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: OutcomeId,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) owner_kind: OwnerKind,
    pub(crate) owner_id: Uuid,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) display_order: i32,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A new outcome.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Fewer outages" }))]
pub(crate) struct CreateOutcome {
    /// 1 to 255 characters, unique among the owner's outcomes.
    pub(crate) name: String,
    /// Up to 5,000 characters.
    pub(crate) description: Option<String>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(crate) external_key: Option<String>,
    /// Its place in the list, from 1 (default: after the last one).
    pub(crate) display_order: Option<i32>,
}

/// A change of an outcome; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "description": "Half as many a year" }))]
pub(crate) struct OutcomePatch {
    /// 1 to 255 characters, unique among the owner's outcomes.
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
    /// Its place in the list, from 1.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    pub(crate) display_order: Field<i32>,
}

/// A new order of all outcomes of an owner.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReorderOutcomes {
    /// Every one of them, once.
    outcome_ids: Vec<OutcomeId>,
}

part! {
    Outcome, "outcome", in outcomes, by OutcomeId, shown as OutcomeView, at "/catalog/v1/outcomes";
    called name, made by CreateOutcome, changed by OutcomePatch;
    told by OUTCOME_CREATED, OUTCOME_CHANGED, OUTCOME_DELETED, OUTCOME_REORDERED;
}

impl Outcome {
    fn create(command: CreateOutcome, under: &Under, place: i32) -> Result<Self, Problem> {
        let CreateOutcome { name, description, external_key, display_order } = command;
        let row = Self {
            tenant_id: under.tenant,
            id: OutcomeId::fresh(),
            version: 1,
            revision: under.revision,
            owner_kind: under.owner.kind(),
            owner_id: under.owner.id(),
            external_key,
            name: name.trim().to_owned(),
            description,
            display_order: display_order.unwrap_or(place),
            created_at: under.now,
            updated_at: under.now,
        };
        row.check(Check::new())?;
        Ok(row)
    }

    fn change(mut self, patch: OutcomePatch, under: &Under) -> Result<Self, Problem> {
        let OutcomePatch { name, description, external_key, display_order } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        description.set_option(&mut self.description);
        external_key.set_option(&mut self.external_key);
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
        check.finish()
    }
}

impl From<Outcome> for OutcomeView {
    fn from(row: Outcome) -> Self {
        let Outcome {
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
            display_order,
            created_at,
            updated_at,
        }
    }
}

/// The ids of all of an owner's outcomes, in order.
pub(crate) async fn outcome_ids(mut conn: &Conn, tenant: TenantId, owner: Owner) -> Result<Vec<OutcomeId>, Problem> {
    let rows = outcomes::table.filter(outcomes::tenant_id.eq(tenant)).filter(outcomes::owner_id.eq(owner.id()));
    Ok(rows.order((outcomes::display_order, outcomes::id)).select(outcomes::id).load(&mut conn).await?)
}

/// Make an outcome
///
/// At the end of its owner's list, unless `displayOrder` says otherwise.
#[utoipa::path(tag = "outcomes", request_body = CreateOutcome, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = OutcomeView), (status = 409, description = "The name or the external key is taken.")))]
#[post("/outcomes")]
async fn create_outcome(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(command): Body<CreateOutcome>,
) -> Answer {
    commands::create(&who, &db, owner, command).await
}

/// List outcomes
///
/// In the owner's order.
#[utoipa::path(tag = "outcomes", params(ListQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = kernel::Page<OutcomeView>)))]
#[get("/outcomes")]
async fn list_outcomes(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    owner: Owner,
    Query(query): Query<ListQuery>,
) -> Answer {
    commands::list(&who, &db, &context, owner, &query).await
}

/// Show an outcome
///
/// What a customer wants to reach with the product or solution.
#[utoipa::path(tag = "outcomes", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = OutcomeView)))]
#[get("/outcomes/{outcomeId}")]
async fn show_outcome(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<OutcomeId>) -> Answer {
    commands::show(&who, &db, id).await
}

/// Change an outcome
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is honoured when sent.
#[utoipa::path(tag = "outcomes", request_body = OutcomePatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = OutcomeView), (status = 409, description = "The name or the external key is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/outcomes/{outcomeId}")]
async fn change_outcome(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<OutcomeId>,
    Body(patch): Body<OutcomePatch>,
) -> Answer {
    commands::change(&who, &db, id, patch).await
}

/// Delete an outcome
///
/// For good. It is taken out of the tasks that name it.
#[utoipa::path(tag = "outcomes", security(("bearer" = [CatalogWrite::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/outcomes/{outcomeId}")]
async fn delete_outcome(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<OutcomeId>) -> Answer {
    commands::delete(&who, &db, id, async |tx, under| links::outcomes::forget(tx, under, &[id]).await).await
}

/// Reorder outcomes
///
/// Names every outcome of the owner; they are numbered 1 to n in that order, all at once.
#[utoipa::path(tag = "outcomes", request_body = ReorderOutcomes, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = kernel::Page<OutcomeView>)))]
#[post("/outcomes/reorder")]
async fn reorder_outcomes(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(body): Body<ReorderOutcomes>,
) -> Answer {
    commands::reorder(&who, &db, owner, "/outcomeIds", body.outcome_ids).await
}
