//! Who acts, for which tenant, from where, as part of which trace: what every write and every event carries.

use crate::{ApiKeyId, EventId, ServiceAccountId, SessionId, TenantId, Trace, UserId};

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorKind {
    /// A signed-in person.
    User {
        /// The person.
        user: UserId,
        /// The sign-in they act in.
        session: SessionId,
    },
    /// A partner's program.
    Client {
        /// Its service account.
        account: ServiceAccountId,
        /// The key it came with.
        key: ApiKeyId,
    },
    /// A service of the platform, by name; as a consumer of events or a caller of internal routes.
    Service(&'static str),
}

/// The one who acts and the circumstances, taken from a verified token, a delivered event or a job.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The tenant in whose world this happens.
    pub tenant: TenantId,
    /// Who acts.
    pub kind: ActorKind,
    /// The person behind a service that acts for them.
    pub on_behalf_of: Option<UserId>,
    /// The caller's network address, as the gateway saw it.
    pub client_address: Option<String>,
    /// The trace this work belongs to.
    pub trace: Trace,
    /// The event that led to this work, if one did.
    pub causation: Option<EventId>,
    /// What ties the events of one command together: the first request's trace id.
    pub correlation: Option<String>,
}

impl Actor {
    /// The person behind this, if there is one.
    #[must_use]
    pub fn person(&self) -> Option<UserId> {
        match self.kind {
            ActorKind::User { user, .. } => Some(user),
            ActorKind::Client { .. } | ActorKind::Service(_) => self.on_behalf_of,
        }
    }

    /// A service acting for itself in a tenant.
    #[must_use]
    pub fn service(name: &'static str, tenant: TenantId, trace: Trace) -> Self {
        Self {
            tenant,
            kind: ActorKind::Service(name),
            on_behalf_of: None,
            client_address: None,
            trace,
            causation: None,
            correlation: None,
        }
    }

    /// The actor as events and the audit trail name it: a user's id, `client:<service account>`, or `service:<name>`.
    #[must_use]
    pub fn id(&self) -> String {
        match &self.kind {
            ActorKind::User { user, .. } => user.to_string(),
            ActorKind::Client { account, .. } => format!("client:{account}"),
            ActorKind::Service(name) => format!("service:{name}"),
        }
    }
}
