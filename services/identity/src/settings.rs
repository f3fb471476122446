//! A tenant's settings: what differs from the defaults is kept, and `null` goes back to the default.

use actix_web::web::Data;
use actix_web::{get, patch};
use chrono_tz::Tz;
use contracts::identity::settings::{SETTINGS_CHANGED, SettingsView, TenantSettings};
use db::{Conn, Db, Json, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Check, Problem, TenantId, Timestamp};
use serde_json::{Map, Value};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Body, Internal, Reply};

use crate::patterns::may_give;
use crate::permissions::{SettingsRead, SettingsWrite};
use crate::schema::tenant_settings;
use crate::sessions::common_rights;

/// A row of `tenant_settings`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tenant_settings, check_for_backend(diesel::pg::Pg))]
struct Row {
    tenant_id: TenantId,
    version: i64,
    overrides: Json<Map<String, Value>>,
    updated_at: Timestamp,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_settings).service(change_settings);
}

pub(crate) fn internal(config: &mut ServiceConfig<'_>) {
    config.service(tell_settings);
}

/// What counts in a tenant now.
pub(crate) async fn of(conn: &Conn, tenant: TenantId) -> Result<TenantSettings, Problem> {
    let overrides = find(conn, tenant).await?.map(|row| row.overrides.0).unwrap_or_default();
    effective(overrides)
}

/// Show the settings
///
/// All of them, as they count now, and which differ from the defaults.
#[utoipa::path(tag = "tenant", security(("bearer" = [SettingsRead::NAME])), responses((status = 200, body = SettingsView)))]
#[get("/settings")]
async fn show_settings(who: Allow<SettingsRead>, db: Data<Db>) -> Answer {
    who.read(&db, async |conn| Reply::show(&view(who.tenant, find(conn, who.tenant).await?)?)).await
}

/// Change the settings
///
/// A JSON merge patch: `null` goes back to the default. Sessions keep to new limits from their next refresh on. Nobody can let
/// all members read what they may not read themselves. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "tenant", request_body = TenantSettings, security(("bearer" = [SettingsWrite::NAME])), responses((status = 200, body = SettingsView), (status = 412, description = "Somebody else changed them.")))]
#[patch("/settings")]
async fn change_settings(who: Allow<SettingsWrite>, db: Data<Db>, Body(patch): Body<Map<String, Value>>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let before = lock(tx).await?;
        who.expect_version(before.version)?;
        let mut after = Row { version: before.version + 1, updated_at: tx.now(), ..before.clone() };
        for (name, value) in patch {
            match value {
                Value::Null => after.overrides.0.remove(&name),
                value => after.overrides.0.insert(name, value),
            };
        }
        let settings = effective(after.overrides.0.clone())?;
        let mut check = Check::new();
        settings.check(&mut check);
        check.that(settings.time_zone.parse::<Tz>().is_ok(), "/timeZone", "TIME_ZONE", || {
            format!("`{}` is not a time zone; give an IANA name such as Europe/Paris", settings.time_zone)
        });
        check.finish()?;
        if settings.members_read_all && !effective(before.overrides.0.clone())?.members_read_all {
            may_give(&who.permissions, &common_rights())?;
        }
        diesel::update(tenant_settings::table.find(after.tenant_id)).set(&after).execute(&mut tx.conn()).await?;
        let view = view(who.tenant, Some(after))?;
        tx.announce(&SETTINGS_CHANGED, Some(&self::view(who.tenant, Some(before))?), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Show the settings to a service
#[utoipa::path(tag = "internal", responses((status = 200, body = SettingsView)))]
#[get("/settings")]
async fn tell_settings(caller: Internal, db: Data<Db>) -> Answer {
    let tenant = caller.tenant()?;
    let row = db.read(tenant, async |conn| find(conn, tenant).await).await?;
    Ok(Reply::show(&view(tenant, row)?)?.into_response())
}

async fn find(mut conn: &Conn, tenant: TenantId) -> Result<Option<Row>, Problem> {
    Ok(tenant_settings::table.find(tenant).select(Row::as_select()).first(&mut conn).await.optional()?)
}

/// The row, made when there is none yet, and locked.
async fn lock(tx: &mut Tx) -> Result<Row, Problem> {
    let first = Row { tenant_id: tx.tenant(), version: 0, overrides: Json::default(), updated_at: tx.now() };
    diesel::insert_into(tenant_settings::table).values(&first).on_conflict_do_nothing().execute(&mut tx.conn()).await?;
    let row = tenant_settings::table.find(tx.tenant()).select(Row::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await?)
}

/// The defaults with what differs from them; 422 names a setting that does not exist or is of another type.
fn effective(overrides: Map<String, Value>) -> Result<TenantSettings, Problem> {
    let text = serde_json::to_vec(&overrides).map_err(Problem::internal)?;
    web::json(&text)
}

fn view(tenant_id: TenantId, row: Option<Row>) -> Result<SettingsView, Problem> {
    let (version, overrides, updated_at) =
        row.map_or((0, Map::new(), None), |row| (row.version, row.overrides.0, Some(row.updated_at)));
    let overridden = overrides.keys().cloned().collect();
    Ok(SettingsView { tenant_id, version, values: effective(overrides)?, overridden, updated_at })
}
