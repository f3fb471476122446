//! People and their credentials.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl;
use kernel::problem::ProblemKind;
use kernel::{Problem, TenantId, Timestamp, UserId};

use crate::schema::{credentials, users};

/// E-mail addresses are unique on the whole platform.
pub(crate) static EMAIL_TAKEN: ProblemKind =
    ProblemKind::new("USER_EMAIL_TAKEN", 409, "Another user has this e-mail address");
/// User names are unique on the whole platform.
pub(crate) static USERNAME_TAKEN: ProblemKind =
    ProblemKind::new("USER_USERNAME_TAKEN", 409, "Another user has this user name");

/// A row of `users`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
}

/// A row of `credentials`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = credentials, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Credential {
    pub(crate) user_id: UserId,
    pub(crate) password_hash: String,
    pub(crate) must_change: bool,
    pub(crate) changed_at: Timestamp,
}

/// The person behind an e-mail address or user name, with the credential.
pub(crate) async fn by_login(mut conn: &Conn, login: &str) -> Result<Option<(User, Credential)>, Problem> {
    let folded = login.trim().to_lowercase();
    let rows = users::table
        .inner_join(credentials::table.on(credentials::user_id.eq(users::id)))
        .select((User::as_select(), Credential::as_select()))
        .filter(users::email_folded.eq(folded.clone()).or(users::username_folded.eq(folded)));
    Ok(rows.first(&mut conn).await.optional()?)
}

pub(crate) async fn find(mut conn: &Conn, id: UserId) -> Result<Option<(User, Credential)>, Problem> {
    let rows = users::table
        .inner_join(credentials::table.on(credentials::user_id.eq(users::id)))
        .select((User::as_select(), Credential::as_select()))
        .filter(users::id.eq(id));
    Ok(rows.first(&mut conn).await.optional()?)
}

/// The tenants in which a person is an active member, oldest first.
pub(crate) async fn tenants_of(mut conn: &Conn, id: UserId) -> Result<Vec<TenantId>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        tenant_id: TenantId,
    }
    let rows: Vec<Row> =
        diesel::sql_query("select tenant_id from tenants_of($1)").bind::<SqlUuid, _>(id).load(&mut conn).await?;
    Ok(rows.into_iter().map(|row| row.tenant_id).collect())
}

pub(crate) async fn insert(tx: &mut Tx, user: &User, credential: &Credential) -> Result<(), Problem> {
    diesel::insert_into(users::table).values(user).execute(&mut tx.conn()).await.map_err(taken)?;
    diesel::insert_into(credentials::table).values(credential).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(crate) async fn set_credential(tx: &mut Tx, credential: &Credential) -> Result<(), Problem> {
    diesel::update(credentials::table.find(credential.user_id)).set(credential).execute(&mut tx.conn()).await?;
    Ok(())
}

fn taken(error: diesel::result::Error) -> Problem {
    let constraint = match &error {
        diesel::result::Error::DatabaseError(_, info) => info.constraint_name().unwrap_or_default(),
        _ => "",
    };
    match constraint {
        "users_email_folded_key" => EMAIL_TAKEN.detail("Somebody has this e-mail address already."),
        "users_username_folded_key" => USERNAME_TAKEN.detail("Somebody has this user name already. Choose another."),
        _ => error.into(),
    }
}
