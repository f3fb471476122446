//! People and their credentials.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::problem::ProblemKind;
use kernel::{MembershipId, Problem, TenantId, Timestamp, UserId};

use crate::schema::{credentials, users};

/// E-mail addresses are unique on the whole platform.
pub(crate) static EMAIL_TAKEN: ProblemKind =
    ProblemKind::new("USER_EMAIL_TAKEN", 409, "Another user has this e-mail address");
/// User names are unique on the whole platform.
pub(crate) static USERNAME_TAKEN: ProblemKind =
    ProblemKind::new("USER_USERNAME_TAKEN", 409, "Another user has this user name");
/// Nobody has proved yet that they read the letters of the account's address.
pub(crate) static EMAIL_UNCONFIRMED: ProblemKind =
    ProblemKind::new("USER_EMAIL_UNCONFIRMED", 409, "The e-mail address is not confirmed");

/// A row of `users`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
    /// When a link sent to the address was followed. Until then anybody may have named it.
    pub(crate) email_verified_at: Option<Timestamp>,
    pub(crate) avatar_hash: Option<String>,
    pub(crate) onboarded_at: Option<Timestamp>,
}

impl User {
    /// A new person whose address nobody has verified yet.
    pub(crate) fn new(email: String, username: String, name: String, now: Timestamp) -> Self {
        Self {
            id: UserId::fresh(),
            email,
            username,
            name,
            created_at: now,
            email_verified_at: None,
            avatar_hash: None,
            onboarded_at: None,
        }
    }
}

/// A row of `credentials`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = credentials, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Credential {
    pub(crate) user_id: UserId,
    pub(crate) password_hash: String,
    pub(crate) must_change: bool,
    pub(crate) changed_at: Timestamp,
    /// Hashes of earlier passwords, the latest first.
    pub(crate) previous: Vec<String>,
}

impl Credential {
    /// A first password.
    pub(crate) fn new(user_id: UserId, password_hash: String, must_change: bool, now: Timestamp) -> Self {
        Self { user_id, password_hash, must_change, changed_at: now, previous: Vec::new() }
    }

    /// The person's own new password; the one before it is remembered among the last `history`.
    pub(crate) fn replaced(self, password_hash: String, history: usize, now: Timestamp) -> Self {
        let mut previous = self.previous;
        previous.insert(0, self.password_hash);
        previous.truncate(history);
        Self { user_id: self.user_id, password_hash, must_change: false, changed_at: now, previous }
    }
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

/// A person's place in a tenant, whatever its status.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct Place {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) tenant_id: TenantId,
    #[diesel(sql_type = SqlUuid)]
    pub(crate) member_id: MembershipId,
    #[diesel(sql_type = Text)]
    pub(crate) status: String,
}

/// Every place of a person, the oldest first.
pub(crate) async fn places_of(mut conn: &Conn, id: UserId) -> Result<Vec<Place>, Problem> {
    let places = diesel::sql_query("select tenant_id, member_id, status from memberships_of($1)");
    Ok(places.bind::<SqlUuid, _>(id).load(&mut conn).await?)
}

/// The person with an e-mail address.
pub(crate) async fn by_email(mut conn: &Conn, email: &str) -> Result<Option<User>, Problem> {
    let row = users::table.filter(users::email_folded.eq(email.trim().to_lowercase())).select(User::as_select());
    Ok(row.first(&mut conn).await.optional()?)
}

/// The person, locked.
pub(crate) async fn fetch_for_change(tx: &mut Tx, id: UserId) -> Result<User, Problem> {
    let row = users::table.find(id).select(User::as_select()).for_update();
    row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("user"))
}

pub(crate) async fn update(tx: &mut Tx, user: &User) -> Result<(), Problem> {
    diesel::update(users::table.find(user.id)).set(user).execute(&mut tx.conn()).await.map_err(taken)?;
    Ok(())
}

/// The members of this tenant who are members of no other one.
pub(crate) async fn with_no_other_tenant(tx: &mut Tx) -> Result<Vec<UserId>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        user_id: UserId,
    }
    let rows: Vec<Row> = diesel::sql_query("select user_id from only_here()").load(&mut tx.conn()).await?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}

/// Removes people with everything that is theirs alone.
pub(crate) async fn delete(tx: &mut Tx, people: &[UserId]) -> Result<(), Problem> {
    for owner in people.iter().map(|id| id.0) {
        super::pictures::delete(tx, owner).await?;
        super::data_keys::destroy(tx, owner).await?;
    }
    diesel::delete(users::table.filter(users::id.eq_any(people))).execute(&mut tx.conn()).await?;
    Ok(())
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

/// Keeps another hash of the same password, unless the password was changed meanwhile.
pub(crate) async fn replace_hash(mut conn: &Conn, known: &Credential, hash: &str) -> Result<(), Problem> {
    let same = credentials::table.find(known.user_id).filter(credentials::password_hash.eq(&known.password_hash));
    diesel::update(same).set(credentials::password_hash.eq(hash)).execute(&mut conn).await?;
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
