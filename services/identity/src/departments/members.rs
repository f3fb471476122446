//! Who belongs to which department.

use actix_web::web::Data;
use actix_web::{get, put};
use contracts::identity::{MEMBER_DEPARTMENTS_CHANGED, MemberDepartmentsView, MemberView};
use db::{Conn, Db};
use kernel::{Check, Cursor, DepartmentId, MembershipId, Page, PageQuery, Problem, TenantId, UserId};
use serde::Deserialize;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::store;
use crate::members::{self, Member};
use crate::permissions::{MemberRead, MemberWrite};

/// The most departments of a member.
const MOST: usize = 100;

/// The departments that a member is to have.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SetDepartments {
    /// Replaces the member's departments; at most 100.
    department_ids: Vec<DepartmentId>,
}

/// Paging of the members of a department.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DepartmentMemberQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List the members of a department
///
/// Its own, not those of the departments within it; in the order they joined the tenant.
#[utoipa::path(tag = "departments", params(DepartmentMemberQuery), security(("bearer" = [MemberRead::NAME])), responses((status = 200, body = Page<MemberView>)))]
#[get("/departments/{departmentId}/members")]
pub(super) async fn list_department_members(
    who: Allow<MemberRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<DepartmentId>,
    Query(query): Query<DepartmentMemberQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "department_members")?);
    who.read(&db, async |conn| {
        store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("department"))?;
        let after = after.and_then(|cursor| cursor.key::<MembershipId>(0));
        let ids = store::members_of(conn, (who.tenant, id), after, limit).await?;
        let rows = members::page(conn, who.tenant, Some(&ids), None, limit).await?;
        let key = |(member, ..): &(Member, _, _)| vec![member.id.to_string().into()];
        let page = Cursor::page(rows, limit, &context.config.keys, "department_members", key);
        Reply::ok(&page.map(|(member, user, roles)| member.view(&user, roles)))
    })
    .await
}

/// Show the departments of a member
///
/// Their ids.
#[utoipa::path(tag = "members", security(("bearer" = [MemberRead::NAME])), responses((status = 200, body = MemberDepartmentsView)))]
#[get("/members/{memberId}/departments")]
pub(super) async fn show_member_departments(
    who: Allow<MemberRead>,
    db: Data<Db>,
    Path(id): Path<MembershipId>,
) -> Answer {
    who.read(&db, async |conn| {
        let found = members::find(conn, who.tenant, id).await?;
        let (member, ..) = found.ok_or_else(|| Problem::not_found("member"))?;
        Reply::show(&view(conn, who.tenant, (id, member.version, member.user_id)).await?)
    })
    .await
}

/// Set the departments of a member
///
/// Replaces all of them; what the member may do stays as it is. The member's version rises; `If-Match` is honoured when sent.
#[utoipa::path(tag = "members", request_body = SetDepartments, security(("bearer" = [MemberWrite::NAME])), responses((status = 200, body = MemberDepartmentsView), (status = 412, description = "Somebody else changed the member.")))]
#[put("/members/{memberId}/departments")]
pub(super) async fn set_member_departments(
    who: Allow<MemberWrite>,
    db: Data<Db>,
    Path(id): Path<MembershipId>,
    Body(SetDepartments { department_ids: ids }): Body<SetDepartments>,
) -> Answer {
    let mut check = Check::new();
    check.that(ids.len() <= MOST, "/departmentIds", "TOO_MANY", || format!("give at most {MOST}"));
    check.distinct("/departmentIds", &ids);
    check.finish()?;
    who.write(&db, async |tx| {
        let member = members::fetch_for_change(tx, id).await?;
        who.expect_version(member.version)?;
        store::must_exist(tx, "/departmentIds", &ids).await?;
        let before = view(tx, tx.tenant(), (id, member.version, member.user_id)).await?;
        store::set_of_member(tx, id, &ids).await?;
        store::raise_member(tx, id).await?;
        let after = view(tx, tx.tenant(), (id, member.version + 1, member.user_id)).await?;
        tx.announce(&MEMBER_DEPARTMENTS_CHANGED, Some(&before), &after).await?;
        Reply::show(&after)
    })
    .await
}

async fn view(
    conn: &Conn,
    tenant: TenantId,
    (id, version, user_id): (MembershipId, i64, UserId),
) -> Result<MemberDepartmentsView, Problem> {
    Ok(MemberDepartmentsView { id, version, user_id, department_ids: store::of_member(conn, tenant, id).await? })
}
