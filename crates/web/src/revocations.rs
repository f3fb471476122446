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
        event.state::<SessionView>().map(|session| (Revocation::Session(session.id), session.not_before.unwrap_or(event.time)))
    } else {
        event.state::<MemberView>().map(|member| (Revocation::Member(event.tenantid, member.user_id), event.time))
    };
    match revoked {
        Ok((what, not_before)) => context.verifier.revocations().add(what, not_before, context.clock.now()),
        Err(error) => tracing::error!(service = context.service, event = %event.id, %error, "a revocation cannot be read"),
    }
}
