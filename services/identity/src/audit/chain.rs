//! The chain that a tenant's trail is: a row's hash covers the row and the hash of the one before it. Its head is sealed under
//! the master key: who alters rows and hashes them anew cannot seal the result.

use contracts::Envelope;
use contracts::identity::{TENANT_CREATED, TENANT_DELETED};
use db::Tx;
use diesel::prelude::*;
use kernel::keys::Keyring;
use kernel::{Problem, TenantId};
use sha2::{Digest, Sha256};

use super::model::AuditEvent;
use super::store;
use crate::schema::audit_chains;

/// What is hashed of a row, in SQL: Postgres keeps JSON in its own words. It stands here and in no function of the database,
/// which could be replaced by one that sees no change. Never to be altered: the rows there are would not fit it.
pub(super) const LINE: &str = "jsonb_build_array(tenant_id, event_id, (extract(epoch from occurred_at) * 1000000)::bigint, \
    service, entity, entity_id, entity_version, action, actor, on_behalf_of, client_address, trace_id, changes)::text";

const SEAL: &str = "audit chain";

/// A row of `audit_chains`: where a tenant's chain begins and ends.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = audit_chains, check_for_backend(diesel::pg::Pg))]
pub(super) struct Head {
    pub(super) tenant_id: TenantId,
    pub(super) sequence: i64,
    pub(super) hash: Vec<u8>,
    pub(super) anchor_sequence: i64,
    pub(super) anchor_hash: Vec<u8>,
    pub(super) seal: Option<String>,
}

/// The hash of the row at a place.
pub(super) fn link(previous: &[u8], sequence: i64, line: &str) -> Vec<u8> {
    Sha256::new().chain_update(previous).chain_update(sequence.to_be_bytes()).chain_update(line).finalize().to_vec()
}

impl Head {
    /// A chain without rows.
    fn fresh(tenant_id: TenantId, keys: &Keyring) -> Self {
        let hash = Sha256::digest(format!("cairn audit {tenant_id}")).to_vec();
        Self { tenant_id, sequence: 0, hash: hash.clone(), anchor_sequence: 0, anchor_hash: hash, seal: None }
            .sealed(keys)
    }

    /// In the place of a head that somebody removed: the trail goes on behind its last row, and no seal fits.
    fn behind(self, (sequence, hash): (i64, Vec<u8>)) -> Self {
        Self { sequence, hash, ..self }
    }

    /// The head with the seal of the present master key.
    pub(super) fn sealed(self, keys: &Keyring) -> Self {
        Self { seal: Some(keys.seal(SEAL, &self.content())), ..self }
    }

    /// Whether this is what was sealed.
    pub(super) fn is_genuine(&self, keys: &Keyring) -> bool {
        let opened = self.seal.as_ref().and_then(|seal| keys.open(SEAL, seal));
        opened.is_some_and(|sealed: (TenantId, i64, Vec<u8>, i64, Vec<u8>)| sealed == self.content())
    }

    /// Whether what follows may be sealed. A head that somebody altered is not, nor one without a seal: the trail goes on, for
    /// nothing may be lost, but the seal stays as it is and tells.
    pub(super) fn may_be_sealed(&self, keys: &Keyring) -> bool {
        let genuine = self.is_genuine(keys);
        if !genuine {
            tracing::error!(tenant = %self.tenant_id, "the audit trail cannot be vouched for; see `cairn doctor audit`");
        }
        genuine
    }

    fn content(&self) -> (TenantId, i64, Vec<u8>, i64, Vec<u8>) {
        (self.tenant_id, self.sequence, self.hash.clone(), self.anchor_sequence, self.anchor_hash.clone())
    }
}

/// Adds events of one tenant to its chain; those that it has already are left out.
pub(super) async fn append(tx: &mut Tx, keys: &Keyring, events: &[&Envelope]) -> Result<(), Problem> {
    let found = match store::head_for_change(tx).await? {
        Some(head) => head,
        None => {
            let fresh = Head::fresh(tx.tenant(), keys);
            // A trail begins with its tenant, and what is told of a deleted one is all there is of it. One that begins in any
            // other way has lost what was before, and its head.
            let begins = |event: &&Envelope| [TENANT_CREATED.key, TENANT_DELETED.key].contains(&event.key());
            let fresh =
                if events.first().is_some_and(begins) { fresh } else { Head { seal: Some(String::new()), ..fresh } };
            let head = store::last_link(tx).await?.map_or(fresh.clone(), |last| fresh.behind(last));
            store::insert_head(tx, &head).await?;
            store::head_for_change(tx).await?.ok_or_else(|| Problem::internal("a chain without a head"))?
        }
    };
    let may_seal = found.may_be_sealed(keys);
    let told: Vec<AuditEvent> = events.iter().map(|event| AuditEvent::of(event)).collect();
    let lines = store::new_lines(tx, &told).await?;
    let (mut head, mut rows) = (found, Vec::with_capacity(told.len()));
    for event in told {
        let Some(line) = lines.get(&event.event_id) else { continue };
        head.sequence += 1;
        head.hash = link(&head.hash, head.sequence, line);
        rows.push(AuditEvent { sequence: head.sequence, hash: head.hash.clone(), ..event });
    }
    store::insert(tx, &rows).await?;
    store::update_head(tx, &if may_seal { head.sealed(keys) } else { head }).await
}

#[cfg(test)]
mod tests {
    use kernel::keys::MasterKey;

    use super::*;

    #[test]
    fn a_head_is_genuine_as_it_was_sealed_and_in_no_other_way() {
        let ring = |current: &MasterKey, previous: Option<&MasterKey>| Keyring {
            current: current.clone(),
            previous: previous.cloned(),
        };
        let (old, new) = (MasterKey::random().unwrap(), MasterKey::random().unwrap());
        let head = Head::fresh(TenantId::fresh(), &ring(&old, None));
        assert!(head.is_genuine(&ring(&old, None)) && head.is_genuine(&ring(&new, Some(&old))));
        assert!(!head.is_genuine(&ring(&new, None)));
        for other in [
            Head { sequence: 1, ..head.clone() },
            Head { hash: vec![0; 32], ..head.clone() },
            Head { anchor_sequence: 1, ..head.clone() },
            Head { anchor_hash: vec![0; 32], ..head.clone() },
            Head { tenant_id: TenantId::fresh(), ..head.clone() },
            Head { seal: None, ..head.clone() },
        ] {
            assert!(!other.is_genuine(&ring(&old, None)), "{other:?}");
        }
    }
}
