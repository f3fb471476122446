//! How many tails a tenant has open in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::problem::RATE_LIMITED;
use kernel::{Problem, TenantId};

/// Each asks the database twice a second.
const MOST: usize = 5;

/// The tails of all tenants. One per process.
#[derive(Default)]
pub(crate) struct Room(Mutex<HashMap<TenantId, usize>>);

/// The place of an open tail; given back when it is dropped.
pub(super) struct Seat {
    room: Arc<Room>,
    tenant: TenantId,
}

impl Room {
    /// A place for another tail.
    pub(super) fn take(self: Arc<Self>, tenant: TenantId) -> Result<Seat, Problem> {
        let mut open = self.open();
        let count = open.entry(tenant).or_default();
        if *count >= MOST {
            let how = format!("A tenant may watch values {MOST} times at once. Close one first.");
            return Err(RATE_LIMITED.detail(how).retry_after(3));
        }
        *count += 1;
        drop(open);
        Ok(Seat { room: self, tenant })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<TenantId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.room.open();
        if let Some(count) = open.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_so_many_tails_and_leaves_nothing_behind() {
        let (room, tenant) = (Arc::new(Room::default()), TenantId::fresh());
        let mut seats: Vec<_> = (0..MOST).map(|_| Arc::clone(&room).take(tenant).ok().unwrap()).collect();
        assert_eq!(Arc::clone(&room).take(tenant).err().unwrap().kind(), &RATE_LIMITED);
        assert!(Arc::clone(&room).take(TenantId::fresh()).is_ok());
        seats.pop();
        assert!(Arc::clone(&room).take(tenant).is_ok());
        seats.clear();
        assert!(room.open().is_empty());
    }
}
