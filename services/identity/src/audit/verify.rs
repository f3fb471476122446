//! Walks a tenant's chain and names the first row that does not fit.

use std::fmt;

use db::{Conn, Db};
use kernel::keys::Keyring;
use kernel::{EventId, Problem, TenantId};

use super::chain::{Head, link};
use super::store::{self, Linked};
use crate::accounts::tenants;

const ROWS: i32 = 1_000;

/// What became of one tenant's trail.
#[derive(Debug)]
pub struct AuditTrail {
    /// The tenant.
    pub tenant: TenantId,
    /// Rows that fit each other, from the first one on.
    pub rows: i64,
    /// What does not fit; nothing when all is well.
    pub fault: Option<AuditFault>,
}

/// The first thing in a trail that is not as it was written.
#[derive(Debug, PartialEq, Eq)]
pub enum AuditFault {
    /// A row is not there.
    Removed(i64),
    /// A row says something else than it did, or stands where another one stood.
    Altered(i64, EventId),
    /// A row stands before the beginning or behind the end.
    Inserted(i64, EventId),
    /// There are rows, and nothing that says where they end.
    Headless,
    /// The rows fit each other, but the end is not the one that was sealed: the trail was written anew.
    SealBroken,
    /// It was never sealed.
    Unsealed,
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed(row) => write!(f, "row {row} was removed"),
            Self::Altered(row, event) => write!(f, "row {row} (event {event}) was altered, or put in another's place"),
            Self::Inserted(row, event) => write!(f, "row {row} (event {event}) was put in"),
            Self::Headless => write!(f, "the head of the chain was removed"),
            Self::SealBroken => write!(f, "the end is not the one that was sealed: rows were removed or written anew"),
            Self::Unsealed => write!(f, "the chain is older than its seals: nobody can vouch for what is in it"),
        }
    }
}

/// Walks the chains of every tenant.
///
/// # Errors
/// When the database is away.
pub async fn examine(db: &Db, keys: &Keyring) -> Result<Vec<AuditTrail>, Problem> {
    let mut trails = Vec::new();
    for tenant in db.global(async |conn| tenants::ids(conn).await).await? {
        // In one snapshot: the trail may go on growing meanwhile.
        trails.push(db.read(tenant, async |conn| walk(conn, keys, tenant).await).await?);
    }
    Ok(trails)
}

async fn walk(conn: &Conn, keys: &Keyring, tenant: TenantId) -> Result<AuditTrail, Problem> {
    let mut page = store::linked(conn, tenant, i64::MIN, ROWS).await?;
    let Some(head) = store::find_head(conn, tenant).await? else {
        let fault = if page.is_empty() { None } else { Some(AuditFault::Headless) };
        return Ok(AuditTrail { tenant, rows: 0, fault });
    };
    let mut walk = Walk { head: &head, sequence: head.anchor_sequence, hash: head.anchor_hash.clone() };
    loop {
        let fault = page.iter().find_map(|row| walk.step(row).err());
        let Some(last) = page.last().map(|row| row.sequence).filter(|_| fault.is_none()) else {
            let fault = fault.or_else(|| walk.end(keys));
            return Ok(AuditTrail { tenant, rows: walk.sequence - head.anchor_sequence, fault });
        };
        page = store::linked(conn, tenant, last, ROWS).await?;
    }
}

/// How far the walk has come.
struct Walk<'a> {
    head: &'a Head,
    sequence: i64,
    hash: Vec<u8>,
}

impl Walk<'_> {
    fn step(&mut self, row: &Linked) -> Result<(), AuditFault> {
        if row.sequence <= self.sequence || row.sequence > self.head.sequence {
            return Err(match self.end_is_missing() && row.sequence > self.sequence {
                true => AuditFault::Removed(self.sequence + 1),
                false => AuditFault::Inserted(row.sequence, row.event_id),
            });
        }
        if row.sequence > self.sequence + 1 {
            return Err(AuditFault::Removed(self.sequence + 1));
        }
        let hash = link(&self.hash, row.sequence, &row.line);
        if hash != row.hash {
            return Err(AuditFault::Altered(row.sequence, row.event_id));
        }
        (self.sequence, self.hash) = (row.sequence, hash);
        Ok(())
    }

    fn end(&self, keys: &Keyring) -> Option<AuditFault> {
        if self.end_is_missing() {
            return Some(AuditFault::Removed(self.sequence + 1));
        }
        if self.head.seal.is_none() {
            return Some(AuditFault::Unsealed);
        }
        let fits = self.hash == self.head.hash && self.head.is_genuine(keys);
        if fits { None } else { Some(AuditFault::SealBroken) }
    }

    fn end_is_missing(&self) -> bool {
        self.sequence < self.head.sequence
    }
}
