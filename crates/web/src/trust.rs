//! What a verifier knows: identity's public keys, and what ends a token before its time. Both are asked for until they are
//! there, again every minute, and whenever the broker is back; in between, revocations are heard within a second.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use auth::{Jwks, Revocation, Revoked};
use bus::Listener;
use contracts::Envelope;
use contracts::identity::partners::{API_KEY_REVOKED, SERVICE_ACCOUNT_CHANGED, SERVICE_ACCOUNT_DELETED};
use contracts::identity::{MEMBER_CHANGED, SESSION_REVOKED, TENANT_CLOSED};
use kernel::{SessionId, Timestamp, UserId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::service::Context;

const AGAIN: Duration = Duration::from_secs(60);
const UNTIL_KNOWN: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Keeps the verifier up to date until the service stops. Without identity and broker it goes on with what it knows:
/// tokens are bounded by their short life.
pub async fn keep_trust(context: Context) {
    let reconnected = Rc::new(Notify::new());
    let bell = Rc::clone(&reconnected);
    let (ears, seen) = (context.clone(), context.clone());
    let listener = Listener {
        name: "revocations",
        bindings: &[
            SESSION_REVOKED.key,
            MEMBER_CHANGED.key,
            TENANT_CLOSED.key,
            API_KEY_REVOKED.key,
            SERVICE_ACCOUNT_CHANGED.key,
            SERVICE_ACCOUNT_DELETED.key,
        ],
        // What was told while nobody listened is asked for.
        connected: Box::new(move |is_connected| {
            seen.broker.store(is_connected, Ordering::Relaxed);
            if is_connected {
                bell.notify_one();
            }
        }),
        hear: Box::new(move |event| note(&ears, &event)),
    };
    let ask = async {
        loop {
            load_keys(&context).await;
            load_revocations(&context).await;
            let pause = if context.knows_whom_to_trust() { AGAIN } else { UNTIL_KNOWN };
            tokio::select! {
                () = context.stop.cancelled() => return,
                () = reconnected.notified() => {}
                () = sleep(pause) => {}
            }
        }
    };
    let listen = bus::listen(context.config.broker.clone(), listener, context.stop.clone());
    futures_util::future::join(ask, listen).await;
}

/// Asks identity for its public keys. Keeps what we have when it does not answer.
pub(crate) async fn load_keys(context: &Context) {
    match ask_identity::<Jwks>(context, "/identity/v1/jwks").await {
        Some(jwks) => context.verifier.set_keys(&jwks),
        None => tracing::debug!(service = context.service, "identity's keys cannot be loaded yet"),
    }
}

async fn load_revocations(context: &Context) {
    match ask_identity::<Vec<Revoked>>(context, "/internal/identity/v1/revocations").await {
        Some(revoked) => context.verifier.revocations().load(&revoked, context.clock.now()),
        None => tracing::debug!(service = context.service, "identity's revocations cannot be loaded yet"),
    }
}

async fn ask_identity<T: DeserializeOwned>(context: &Context, path: &str) -> Option<T> {
    thread_local! {
        static HTTP: reqwest::Client = reqwest::Client::new();
    }
    let http = HTTP.with(Clone::clone);
    let token = context.signer.sign("identity", None, None, context.clock.now()).ok()?;
    for upstream in context.config.upstreams("identity") {
        let asked = http.get(format!("{upstream}{path}")).bearer_auth(&token).timeout(LONGEST_WAIT).send().await;
        let Ok(answer) = asked.and_then(reqwest::Response::error_for_status) else { continue };
        if let Ok(answer) = answer.json().await {
            return Some(answer);
        }
    }
    None
}

/// As much of a session, or of a key, as a verifier must understand, also when identity is of another version.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndedSession {
    id: SessionId,
    #[serde(default)]
    not_before: Option<Timestamp>,
}

/// The same of a member.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangedMember {
    user_id: UserId,
}

fn note(context: &Context, event: &Envelope) {
    let key = event.key();
    let revoked = if key == SESSION_REVOKED.key || key == API_KEY_REVOKED.key {
        event
            .state::<EndedSession>()
            .map(|session| (Revocation::Session(session.id), session.not_before.unwrap_or(event.time)))
    } else if key == SERVICE_ACCOUNT_CHANGED.key || key == SERVICE_ACCOUNT_DELETED.key {
        Ok((Revocation::Member(event.tenantid, UserId(event.subject)), event.time))
    } else if key == TENANT_CLOSED.key {
        Ok((Revocation::Tenant(event.tenantid), event.time))
    } else {
        event.state::<ChangedMember>().map(|member| (Revocation::Member(event.tenantid, member.user_id), event.time))
    };
    match revoked {
        Ok((what, not_before)) => context.verifier.revocations().add(what, not_before, context.clock.now()),
        Err(error) => {
            tracing::error!(service = context.service, event = %event.id, %error, "a revocation cannot be read")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use auth::{AUDIENCE, Claims, ISSUER, Jwks, Patterns, SigningKey, TokenError};
    use kernel::config::Config;
    use kernel::keys::MasterKey;
    use kernel::{Clock, MembershipId, TenantId};
    use serde_json::{Value, json};

    use super::*;

    fn event(key: &str, tenant: TenantId, state: Value) -> Envelope {
        serde_json::from_value(json!({
            "specversion": "1.0", "id": MembershipId::fresh(), "source": "/cairn/identity", "type": format!("cairn.{key}.v1"),
            "subject": MembershipId::fresh(), "time": Clock::system().now(), "tenantid": tenant, "actorid": "service:identity",
            "aggregateversion": 2, "traceparent": kernel::Trace::start().to_string(), "datacontenttype": "application/json",
            "data": { "state": state, "changes": {} },
        }))
        .unwrap()
    }

    #[test]
    fn tokens_of_an_ended_session_and_of_a_changed_member_stop_counting() {
        let pairs = [("CAIRN_MASTER_KEY".to_owned(), MasterKey::random().unwrap().to_text())];
        let context = Context::new("gateway", Arc::new(Config::from_pairs(pairs).unwrap()), Clock::system()).unwrap();
        let key = SigningKey::from_seed("k", &[1; 32]).unwrap();
        context.verifier.set_keys(&Jwks { keys: vec![key.public()] });
        let now = context.clock.now();
        let token = |tid, sub, sid| {
            let (iat, ims, exp) = (now.timestamp(), now.timestamp_millis(), now.timestamp() + 600);
            let (iss, aud, perms) = (ISSUER.to_owned(), AUDIENCE.to_owned(), Patterns::default());
            key.sign(&Claims {
                iss,
                aud,
                sub,
                tid,
                sid,
                perms,
                pwc: false,
                enr: false,
                cli: false,
                grt: None,
                con: None,
                auth_time: iat,
                iat,
                ims,
                nbf: iat,
                exp,
            })
            .unwrap()
        };
        let (tenant, user, session) = (TenantId::fresh(), UserId::fresh(), SessionId::fresh());
        let of_session = token(tenant, UserId::fresh(), session);
        let of_member = token(tenant, user, SessionId::fresh());
        let elsewhere = token(TenantId::fresh(), user, SessionId::fresh());

        note(
            &context,
            &event(
                SESSION_REVOKED.key,
                tenant,
                json!({ "id": session, "version": 2, "userId": user, "notBefore": now }),
            ),
        );
        let member = json!({ "id": MembershipId::fresh(), "version": 2, "userId": user, "status": "SUSPENDED" });
        note(&context, &event(MEMBER_CHANGED.key, tenant, member));

        assert_eq!(context.verifier.verify(&of_session, now).unwrap_err(), TokenError::Revoked);
        assert_eq!(context.verifier.verify(&of_member, now).unwrap_err(), TokenError::Revoked);
        assert!(context.verifier.verify(&elsewhere, now).is_ok());
    }
}
