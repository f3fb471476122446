//! Settings over HTTP.

use actix_web::web::Data;
use actix_web::{get, put};
use contracts::telemetry::{SETTINGS_CHANGED, SettingsView};
use db::Db;
use web::{Allow, Answer, Body, Context, Reply};

use super::model::{SetSettings, view};
use super::window::Windows;
use super::{retain, store};
use crate::permissions::{SettingsRead, SettingsWrite};

/// Show the telemetry settings
///
/// With their version, for `If-Match`.
#[utoipa::path(tag = "settings", operation_id = "show_telemetry_settings", security(("bearer" = [SettingsRead::NAME])), responses((status = 200, body = SettingsView)))]
#[get("/settings")]
pub(super) async fn show_settings(who: Allow<SettingsRead>, db: Data<Db>) -> Answer {
    who.read(&db, async |conn| Reply::show(&view(who.tenant, store::find(conn, who.tenant).await?))).await
}

/// Set the telemetry settings
///
/// Values from before the days that are kept are deleted in the background, with what was added up of them and what was refused;
/// later ones are refused as too old within a minute. What a task follows from stays: the latest value of an
/// attribute is known as long as the attribute is, unless its batch is retracted.
#[utoipa::path(tag = "settings", operation_id = "set_telemetry_settings", request_body = SetSettings, security(("bearer" = [SettingsWrite::NAME])), responses((status = 200, body = SettingsView), (status = 412, description = "Somebody else changed them."), (status = 428, description = "`If-Match` is missing.")))]
#[put("/settings")]
pub(super) async fn set_settings(
    who: Allow<SettingsWrite>,
    db: Data<Db>,
    context: Data<Context>,
    windows: Data<Windows>,
    Body(command): Body<SetSettings>,
) -> Answer {
    let platform = context.config.telemetry_retention_days;
    let tenant = who.tenant;
    let answer = who
        .write(&db, async |tx| {
            let before = store::fetch_for_change(tx).await?;
            who.require_version(before.as_ref().map_or(0, |before| before.version))?;
            let after = command.apply(before.as_ref(), (tenant, platform), tx.now())?;
            store::put(tx, &after).await?;
            retain::schedule(tx, tx.now()).await?;
            let view_of = |settings| view(tenant, settings);
            let (before, after) = (before.map(|before| view_of(Some(before))), view_of(Some(after)));
            tx.announce(&SETTINGS_CHANGED, before.as_ref(), &after).await?;
            Reply::show(&after)
        })
        .await;
    windows.forget(tenant);
    answer
}
