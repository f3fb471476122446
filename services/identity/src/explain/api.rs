//! The explanation over HTTP.

use actix_web::get;
use actix_web::web::Data;
use auth::Patterns;
use clients::Catalog;
use contracts::identity::GrantedType;
use db::{Conn, Db};
use kernel::problem::{PERMISSION_DENIED, REQUEST_MALFORMED};
use kernel::{Problem, ProductId, SolutionId, TenantId, UserId};
use serde::Deserialize;
use uuid::Uuid;
use web::{Allow, Answer, Query, Reply};

use super::model::{ExplanationView, Standing, Thing, allowed};
use crate::accounts::tenants;
use crate::permissions::{RoleRead, SelfRead};
use crate::sessions::common_rights;
use crate::{grants, job_roles, members, roles, settings};

/// Who would do what.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExplainQuery {
    /// The person (default: oneself). Others take `identity:role:read`.
    user_id: Option<UserId>,
    /// The permission.
    #[param(example = "catalog:product:write")]
    permission: String,
    /// With what kind of thing.
    #[param(inline)]
    resource_type: Option<GrantedType>,
    /// With which one; without it: with a new one.
    resource_id: Option<Uuid>,
}

/// Explain a permission
///
/// Whether a member may do something, with everything that was looked at: tenant, membership, roles, job roles, settings,
/// grants, and how rights flow between products and solutions.
#[utoipa::path(tag = "roles", params(ExplainQuery), security(("bearer" = [SelfRead::NAME])), responses((status = 200, body = ExplanationView)))]
#[get("/permissions/explain")]
pub(super) async fn explain_permission(
    who: Allow<SelfRead>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Query(query): Query<ExplainQuery>,
) -> Answer {
    let ExplainQuery { user_id, permission, resource_type, resource_id } = query;
    let user_id = user_id.unwrap_or(who.user);
    if user_id != who.user && !who.permissions.allow(RoleRead::NAME) {
        return Err(PERMISSION_DENIED.detail(format!("About others this needs {}.", RoleRead::NAME)).into());
    }
    if !Patterns::is_valid(&permission) || permission.contains('*') {
        let how = "Give one permission, such as catalog:product:write; patterns are not asked about.";
        return Err(REQUEST_MALFORMED.detail(how).at("permission", "INVALID", how).into());
    }
    let thing = match (resource_type, resource_id) {
        (Some(on), id) => Some(look_up(&who, &catalog, on, id).await?),
        (None, None) => None,
        (None, Some(_)) => {
            let how = "Give resourceType with resourceId.";
            return Err(REQUEST_MALFORMED.detail(how).at("resourceType", "MISSING", how).into());
        }
    };
    who.read(&db, async |conn| {
        let standing = standing(conn, who.tenant, user_id).await?.ok_or_else(|| Problem::not_found("member"))?;
        let (rules, level) = standing.explain(&permission, thing.as_ref());
        let allowed = allowed(&rules);
        Reply::ok(&ExplanationView { user_id, permission, resource_type, resource_id, allowed, level, rules })
    })
    .await
}

/// Asks the catalog what a product or a solution is related to. Without the catalog that is not known, and said.
async fn look_up(
    who: &Allow<SelfRead>,
    catalog: &Catalog,
    on: GrantedType,
    id: Option<Uuid>,
) -> Result<Thing, Problem> {
    let ids = |found: Vec<Uuid>| Thing { on, id, related: Some(found), is_missing: false };
    let asked = match (on, id) {
        (GrantedType::Customer, _) | (_, None) => return Ok(ids(Vec::new())),
        (GrantedType::Product, Some(product)) => {
            let found = catalog.solutions_of(who.actor(), ProductId(product)).await;
            found.map(|found| found.map(|all| all.into_iter().map(Uuid::from).collect()))
        }
        (GrantedType::Solution, Some(solution)) => {
            let found = catalog.products_of(who.actor(), SolutionId(solution)).await;
            found.map(|found| found.map(|all| all.into_iter().map(Uuid::from).collect()))
        }
    };
    match asked {
        Ok(Some(found)) => Ok(ids(found)),
        Ok(None) => Ok(Thing { on, id, related: Some(Vec::new()), is_missing: true }),
        Err(problem) if problem.kind() == &kernel::problem::UNAVAILABLE => {
            Ok(Thing { on, id, related: None, is_missing: false })
        }
        Err(problem) => Err(problem),
    }
}

/// What there is to know about a member; `None` when they are none.
async fn standing(conn: &Conn, tenant: TenantId, user: UserId) -> Result<Option<Standing>, Problem> {
    let Some((member, _)) = members::of_user(conn, tenant, user).await? else { return Ok(None) };
    let settings = settings::of(conn, tenant).await?;
    Ok(Some(Standing {
        tenant: tenants::find(conn, tenant).await?.ok_or_else(|| Problem::not_found("tenant"))?,
        status: member.status,
        roles: roles::held_by(conn, tenant, member.id).await?,
        job_roles: job_roles::held_by(conn, tenant, member.id).await?,
        common: settings.members_read_all.then(common_rights),
        grants: grants::concerning(conn, tenant, user).await?.iter().map(auth::Grant::from).collect(),
    }))
}
