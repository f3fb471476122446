//! What releases inherit: a release has the tasks of those before it, and a task is in the releases after its first.

use actix_web::get;
use actix_web::web::Data;
use contracts::catalog::{ReleaseView, TaskView};
use db::Db;
use kernel::{Hundredths, Page, Problem, ReleaseId, TaskId};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Context, Path, Query, Reply};

use super::releases;
use crate::owners::{Owner, may};
use crate::permissions::CatalogRead;
use crate::tasks::{self, TaskQuery};

/// The routes of what is inherited.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_release_tasks).service(list_task_releases);
}

/// List the tasks of a release
///
/// Those that belong to it or to a release of the same owner at its level or below, and those that belong to all. `releaseId`
/// in the query is without effect.
#[utoipa::path(tag = "releases", params(TaskQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<TaskView>)))]
#[get("/releases/{releaseId}/tasks")]
async fn list_release_tasks(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<ReleaseId>,
    Query(query): Query<TaskQuery>,
) -> Answer {
    who.read(&db, async |conn| {
        let missing = || Problem::not_found("release");
        let owner = releases::owner_of(conn, who.tenant, id).await?.ok_or_else(missing)?;
        may(&who, conn, owner, "release").await?;
        let all = releases::line(conn, who.tenant, owner).await?;
        let level = all.iter().find(|release| release.id == id).map(|release| release.level).ok_or_else(missing)?;
        let before = all.into_iter().filter(|release| release.level <= level).map(|release| release.id);
        tasks::list(conn, &context, who.tenant, owner, &query.of_releases(before.collect())).await
    })
    .await
}

/// List the releases of a task
///
/// Those of its owner at or above the least level that it names, in the owner's order, on one page; all when it names none.
#[utoipa::path(tag = "releases", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<ReleaseView>)))]
#[get("/tasks/{taskId}/releases")]
async fn list_task_releases(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<TaskId>) -> Answer {
    who.read(&db, async |conn| {
        let task = tasks::store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("task"))?;
        let owner = Owner::of(task.owner_kind, task.owner_id);
        may(&who, conn, owner, "task").await?;
        let mut items = releases::line(conn, who.tenant, owner).await?;
        let named = items.iter().filter(|release| task.release_ids.contains(&release.id));
        let least = named.map(|release| release.level).min().unwrap_or(Hundredths::ZERO);
        items.retain(|release| release.level >= least);
        Reply::ok(&Page { items, next_cursor: None, total: None }.map(ReleaseView::from))
    })
    .await
}
