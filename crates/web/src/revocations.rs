//! What ends a token before its time: signed-out sessions and changed memberships, heard from identity within a second.

use auth::Revocation;
use bus::Listener;
use contracts::Envelope;
use contracts::identity::{MEMBER_CHANGED, MemberView, SESSION_REVOKED, SessionView};

use crate::service::Context;

/// Feeds the verifier with what identity revokes, until the service stops. While the broker is away tokens run on,
/// bounded by their short life.
pub async fn hear_revocations(context: Context) {
    let (broker, stop) = (context.config.broker.clone(), context.stop.clone());
    let listener = Listener {
        name: "revocations",
        bindings: &[SESSION_REVOKED.key, MEMBER_CHANGED.key],
        connected: Box::new(|| {}),
        hear: Box::new(move |event| note(&context, &event)),
    };
    bus::listen(broker, listener, stop).await;
}

fn note(context: &Context, event: &Envelope) {
    let revoked = if event.key() == SESSION_REVOKED.key {
        event
            .state::<SessionView>()
            .map(|session| (Revocation::Session(session.id), session.not_before.unwrap_or(event.time)))
    } else {
        event.state::<MemberView>().map(|member| (Revocation::Member(event.tenantid, member.user_id), event.time))
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
    use kernel::{Clock, MembershipId, SessionId, TenantId, UserId};
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
            key.sign(&Claims { iss, aud, sub, tid, sid, perms, pwc: false, iat, ims, nbf: iat, exp }).unwrap()
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
        let member = json!({
            "id": MembershipId::fresh(), "version": 2, "userId": user, "email": "a@b.c", "username": "a", "name": "A",
            "status": "SUSPENDED", "roles": [], "createdAt": now, "updatedAt": now,
        });
        note(&context, &event(MEMBER_CHANGED.key, tenant, member));

        assert_eq!(context.verifier.verify(&of_session, now).unwrap_err(), TokenError::Revoked);
        assert_eq!(context.verifier.verify(&of_member, now).unwrap_err(), TokenError::Revoked);
        assert!(context.verifier.verify(&elsewhere, now).is_ok());
    }
}
