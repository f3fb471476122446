//! What is done after the answer: large imports, and taking large change sets back. A job does it in the name of whoever asked,
//! in a transaction of its own, and whoever is killed in the middle has done nothing. They are done one at a time, for each takes
//! time and memory; tenants take turns.

use db::{Db, Tx};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use kernel::{Actor, ActorKind, ApiKeyId, FieldError, Problem, ServiceAccountId, SessionId, TenantId, Trace, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{change_sets, imports};

/// More changes than these are made after the answer.
pub(crate) const FEW_CHANGES: usize = 500;

/// The kinds of work; `db` is a pool of its own, for each takes a connection for long.
pub(crate) fn kinds(db: &Db) -> Vec<jobs::Kind> {
    vec![imports::work(db.clone()), change_sets::work(db.clone())]
}

/// Whoever asked: what a job does for them is theirs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asker {
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    pub(crate) is_client: bool,
    pub(crate) client_address: Option<String>,
}

impl Asker {
    pub(crate) fn of(actor: &Actor) -> Self {
        let (user_id, session_id, is_client) = match actor.kind {
            ActorKind::User { user, session } => (user, session, false),
            ActorKind::Client { account, key } => (UserId(account.0), SessionId(key.0), true),
            ActorKind::Service(_) => (UserId(Uuid::nil()), SessionId(Uuid::nil()), false),
        };
        Self { user_id, session_id, is_client, client_address: actor.client_address.clone() }
    }

    pub(crate) fn actor(self, tenant: TenantId) -> Actor {
        let Self { user_id: user, session_id: session, is_client, client_address } = self;
        let kind = if is_client {
            ActorKind::Client { account: ServiceAccountId(user.0), key: ApiKeyId(session.0) }
        } else {
            ActorKind::User { user, session }
        };
        Actor { client_address, kind, ..Actor::service("catalog", tenant, Trace::start()) }
    }
}

/// Why a job did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobFailure {
    /// As a problem of the API has it.
    code: String,
    /// What is the matter, and what to do.
    detail: String,
    /// Each thing that stands against it.
    #[serde(default)]
    errors: Vec<FieldError>,
}

impl From<&Problem> for JobFailure {
    fn from(problem: &Problem) -> Self {
        let (code, detail) = (problem.kind().code.to_owned(), problem.text().to_owned());
        Self { code, detail, errors: problem.errors().to_vec() }
    }
}

/// Waits until nobody else works on what has this name, until the transaction ends. A job that was taken over too early waits
/// here for the first one, and then finds nothing left to do.
pub(crate) async fn turn(tx: &mut Tx, name: &str) -> Result<(), Problem> {
    let hash = Sha256::new().chain_update(tx.tenant().to_string()).chain_update(name).finalize();
    let key = hash.iter().take(8).fold(0_i64, |key, byte| (key << 8) | i64::from(*byte));
    diesel::sql_query("select pg_advisory_xact_lock($1)").bind::<BigInt, _>(key).execute(&mut tx.conn()).await?;
    Ok(())
}
