//! Reading and writing for a caller: the two ways a handler reaches the database.

use actix_web::http::header::{HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use actix_web::{HttpMessage, HttpResponse};
use db::{Announced, Conn, Db, Tx, idempotency_keys};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::problem::{IDEMPOTENCY_KEY_REUSED, PRECONDITION_REQUIRED, REQUEST_MALFORMED, VERSION_MISMATCH};
use kernel::{Problem, TenantId};

use crate::allow::Allow;
use crate::failure::Answer;
use crate::input::BodyHash;
use crate::position;
use crate::reply::Reply;

const KEY: &str = "idempotency-key";
const LONGEST_KEY: usize = 200;
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

impl<P> Allow<P> {
    /// Reads as the caller. Waits for the write that `Cairn-Read-After` names; answers 304 to a matching `If-None-Match`.
    ///
    /// # Errors
    /// What `work` answers; 503 when the database is away or the projection stays behind.
    pub async fn read(&self, db: &Db, work: impl AsyncFnOnce(&Conn) -> Result<Reply, Problem>) -> Answer {
        let reply = self.look(db, work).await?;
        let known = self.header(IF_NONE_MATCH.as_str());
        if let (Some(known), Some(etag)) = (known.filter(|_| reply.is_told_by_its_version()), reply.etag())
            && known.split(',').any(|tag| tag.trim() == etag || tag.trim() == "*")
        {
            let mut response = HttpResponse::NotModified().finish();
            if let Ok(value) = HeaderValue::try_from(etag) {
                response.headers_mut().insert(actix_web::http::header::ETAG, value);
            }
            return Ok(response);
        }
        Ok(reply.into_response())
    }

    /// Reads what an answer is made from after the transaction. Waits for the write that `Cairn-Read-After` names.
    ///
    /// # Errors
    /// What `work` answers; 503 when the database is away or the projection stays behind.
    pub async fn look<T>(&self, db: &Db, work: impl AsyncFnOnce(&Conn) -> Result<T, Problem>) -> Result<T, Problem> {
        position::wait(self, db).await?;
        db.read(self.tenant, work).await
    }

    /// Changes as the caller, in one transaction. With an `Idempotency-Key`, the first answer is kept in that same
    /// transaction: a repeat gets it again, a twin under way waits for it, and a try that failed left nothing behind.
    ///
    /// # Errors
    /// What `work` answers; 422 when the key came with another request; 503 when the database is away.
    pub async fn write(&self, db: &Db, work: impl AsyncFnOnce(&mut Tx) -> Result<Reply, Problem>) -> Answer {
        let key = self.idempotency_key()?;
        let mut last = None;
        let mut replayed = false;
        let reply = db
            .write(self.actor(), async |tx| {
                if let Some(key) = &key
                    && let Some(kept) = key.claim(tx).await?
                {
                    replayed = true;
                    return Ok(kept);
                }
                let reply = work(tx).await?;
                if let Some(key) = &key {
                    key.keep(tx, &reply).await?;
                }
                last = tx.announced().last().cloned();
                Ok(reply)
            })
            .await?;
        if replayed { Ok(replay(reply)) } else { Ok(self.answer(reply, last.as_ref())) }
    }

    /// The response to a write whose last event is known: for writes that are not made through [`Allow::write`], such as
    /// those that a writer commits for many callers at once.
    #[must_use]
    pub fn answer(&self, reply: Reply, last: Option<&Announced>) -> HttpResponse {
        let mut response = reply.into_response();
        if let Some(announced) = last {
            position::tell(self, announced, &mut response);
        }
        response
    }

    /// The answer kept under the request's `Idempotency-Key`, if there is one: for a write that must ask another service
    /// before it begins, and should not ask for nothing.
    ///
    /// # Errors
    /// As [`Allow::write`].
    pub async fn replayed(&self, db: &Db) -> Result<Option<HttpResponse>, Problem> {
        let Some(key) = self.idempotency_key()? else { return Ok(None) };
        let kept = db.read(self.tenant, async |conn| key.kept(conn, self.tenant).await).await?;
        Ok(kept.map(replay))
    }

    /// Refuses to change a version other than the one the caller has seen. A caller who names none goes on.
    ///
    /// # Errors
    /// 412 when `If-Match` names another version.
    pub fn expect_version(&self, version: i64) -> Result<(), Problem> {
        if !self.request.headers().contains_key(IF_MATCH) {
            return Ok(());
        }
        let etag = format!("\"{version}\"");
        let lines = self.request.headers().get_all(IF_MATCH).filter_map(|line| line.to_str().ok());
        if lines.flat_map(|line| line.split(',')).any(|tag| tag.trim() == etag || tag.trim() == "*") {
            return Ok(());
        }
        Err(VERSION_MISMATCH
            .detail(format!("It is at version {version} now. Read it again, then send If-Match: {etag}.")))
    }

    /// As [`Allow::expect_version`], for what people edit together: `If-Match` must be there.
    ///
    /// # Errors
    /// 428 without `If-Match`, 412 when it names another version.
    pub fn require_version(&self, version: i64) -> Result<(), Problem> {
        if !self.request.headers().contains_key(IF_MATCH) {
            let how = "Several people may edit this. Send If-Match with the ETag you have read.";
            return Err(PRECONDITION_REQUIRED.detail(how));
        }
        self.expect_version(version)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    fn idempotency_key(&self) -> Result<Option<Key>, Problem> {
        let Some(key) = self.request.headers().get(KEY) else { return Ok(None) };
        let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY).ok_or_else(|| {
            REQUEST_MALFORMED.detail(format!("Idempotency-Key has 1 to {LONGEST_KEY} printable characters.")).at(
                "Idempotency-Key",
                "INVALID",
                "A UUID is a good key.",
            )
        })?;
        let body = self.request.extensions().get::<BodyHash>().map_or([0; 32], |hash| hash.0);
        let query = self.request.query_string();
        Ok(Some(Key {
            principal: self.user.to_string(),
            method: self.request.method().to_string(),
            path: if query.is_empty() {
                self.request.path().to_owned()
            } else {
                format!("{}?{query}", self.request.path())
            },
            key: key.to_owned(),
            body: body.to_vec(),
        }))
    }
}

fn replay(kept: Reply) -> HttpResponse {
    let mut response = kept.into_response();
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// An idempotency key with the request it stands for.
struct Key {
    principal: String,
    method: String,
    path: String,
    key: String,
    body: Vec<u8>,
}

impl Key {
    /// Takes the key, or returns the answer that was given under it. A twin under way holds the row: we wait for it.
    async fn claim(&self, tx: &mut Tx) -> Result<Option<Reply>, Problem> {
        let row = (
            idempotency_keys::tenant_id.eq(tx.tenant()),
            idempotency_keys::principal.eq(&self.principal),
            idempotency_keys::method.eq(&self.method),
            idempotency_keys::path.eq(&self.path),
            idempotency_keys::key.eq(&self.key),
            idempotency_keys::body_hash.eq(&self.body),
            idempotency_keys::created_at.eq(tx.now()),
        );
        let taken = diesel::insert_into(idempotency_keys::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(&mut tx.conn())
            .await?;
        if taken == 1 {
            return Ok(None);
        }
        self.kept(tx, tx.tenant()).await
    }

    /// The answer that was given under this key.
    async fn kept(&self, mut conn: &Conn, tenant: TenantId) -> Result<Option<Reply>, Problem> {
        let row = idempotency_keys::table.find((tenant, &self.principal, &self.method, &self.path, &self.key));
        let columns = (idempotency_keys::body_hash, idempotency_keys::answer);
        let found = row.select(columns).first::<(Vec<u8>, Option<String>)>(&mut conn).await.optional()?;
        let Some((body, answer)) = found else { return Ok(None) };
        if body != self.body {
            let how = "This key was used for another body. Use a new key for a new request.";
            return Err(IDEMPOTENCY_KEY_REUSED.detail(how).at("Idempotency-Key", "REUSED", how));
        }
        answer.as_deref().map(serde_json::from_str).transpose().map_err(Problem::internal)
    }

    async fn keep(&self, tx: &mut Tx, reply: &Reply) -> Result<(), Problem> {
        let answer = serde_json::to_string(reply).map_err(Problem::internal)?;
        let row = idempotency_keys::table.find((tx.tenant(), &self.principal, &self.method, &self.path, &self.key));
        diesel::update(row).set(idempotency_keys::answer.eq(answer)).execute(&mut tx.conn()).await?;
        Ok(())
    }
}
