//! The folder of a server, and the user it belongs to.
//!
//! For a normal user this is a folder and nothing more. As root it is more work: Postgres refuses to run as root, so
//! it runs as the user `postgres` of the distribution, and that user must be able to enter the folder. In a clone
//! under `/root` it cannot; then the data lives under `/var/lib/cairn` and `.cairn` holds a link to it. Data that is thrown away
//! lives in memory.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::statvfs;

use super::{Error, Result, progress, secret};

/// Where data goes that may not stay under the clone.
const SHARED: &str = "/var/lib/cairn";
/// Where data goes that is thrown away. Each test makes and drops a database of a thousand files, and a file system on a disk
/// that looks at what was deleted lately (ext4) takes seconds for it.
const MEMORY: &str = "/dev/shm";
/// What must be free there.
const ROOM: u64 = 4 << 30;
/// For the owner only.
const PRIVATE: u32 = 0o700;

/// A user and group by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// A server's folder, ready for use.
#[derive(Clone, Debug)]
pub(super) struct Home {
    /// The real place, never a link: processes are recognised by it.
    pub(super) dir: PathBuf,
    /// Whom to run as, when it is not ourselves.
    pub(super) owner: Option<Owner>,
}

/// Makes the folder of everything. Others may enter it, because the user of Postgres has to pass through; the servers'
/// folders in it are closed.
pub(super) fn root(dir: &Path) -> Result<PathBuf> {
    folder(dir, 0o755)
}

fn folder(dir: &Path, mode: u32) -> Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(mode).create(dir).map_err(Error::io("create", dir))?;
    fs::canonicalize(dir).map_err(Error::io("find", dir))
}

impl Home {
    /// The folder of a server that runs as ourselves.
    pub(super) fn own(dir: &Path) -> Result<Self> {
        Ok(Self { dir: folder(dir, PRIVATE)?, owner: None })
    }

    /// The folder of a server that refuses to run as root.
    pub(super) fn unprivileged(dir: &Path) -> Result<Self> {
        if !we_are_root() {
            return Self::own(dir);
        }
        // A link may point to a folder that somebody has cleaned away.
        let dir = folder(&fs::read_link(dir).unwrap_or_else(|_| dir.to_owned()), PRIVATE)?;
        let owner = owner_of(&dir)?;
        if owner.enters(&dir)? {
            return Ok(Self { dir, owner: Some(owner) });
        }
        let moved = move_out(&dir, owner)?;
        Ok(Self { dir: moved, owner: Some(owner) })
    }

    /// The same for data that is thrown away: in memory, when there is room and no data lies here yet.
    pub(super) fn throwaway(dir: &Path) -> Result<Self> {
        let memory = Path::new(MEMORY);
        let is_linked = fs::read_link(dir).is_ok();
        let is_free = statvfs(memory).is_ok_and(|there| there.f_bavail.saturating_mul(there.f_frsize) >= ROOM);
        if !is_linked && is_free && (!dir.exists() || fs::remove_dir(dir).is_ok()) {
            link(dir, memory)?;
        }
        Self::unprivileged(dir)
    }

    /// Empties the folder.
    pub(super) fn clear(&self) -> Result<()> {
        for entry in fs::read_dir(&self.dir).map_err(Error::io("read", &self.dir))?.flatten() {
            let path = entry.path();
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.map_err(Error::io("remove", &path))?;
        }
        Ok(())
    }

    /// Gives a file in the folder to the user of the server.
    pub(super) fn hand_over(&self, path: &Path) -> Result<()> {
        match self.owner {
            Some(owner) => owner.take(path),
            None => Ok(()),
        }
    }
}

impl Owner {
    fn take(self, path: &Path) -> Result<()> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(Error::io("hand over", path))
    }

    /// Asks as that user, because the answer depends on every folder on the way.
    fn enters(self, dir: &Path) -> Result<bool> {
        let mut test = Command::new("setpriv");
        test.args(self.setpriv()).args(["test", "-w"]).arg(dir);
        let status = test.current_dir("/").status().map_err(Error::io("run", Path::new("setpriv")))?;
        Ok(status.success())
    }

    /// The arguments with which `setpriv` becomes this user.
    pub(super) fn setpriv(self) -> [String; 3] {
        [format!("--reuid={}", self.uid), format!("--regid={}", self.gid), "--clear-groups".to_owned()]
    }
}

/// Data that a normal user once made stays theirs; an unclaimed folder becomes that of `postgres`.
fn owner_of(dir: &Path) -> Result<Owner> {
    let is = fs::metadata(dir).map_err(Error::io("read", dir))?;
    if is.uid() != 0 {
        return Ok(Owner { uid: is.uid(), gid: is.gid() });
    }
    let users = fs::read_to_string("/etc/passwd").map_err(Error::io("read", Path::new("/etc/passwd")))?;
    let owner = find_user(&users, "postgres").ok_or(Error::NoPostgresUser)?;
    owner.take(dir)?;
    Ok(owner)
}

/// Replaces an empty folder by a link to one that the server's user can enter.
fn move_out(dir: &Path, owner: Owner) -> Result<PathBuf> {
    // Removing fails when there is data in it, which is then not ours to move while we do not know how it got there.
    if fs::remove_dir(dir).is_err() {
        return Err(Error::Unreachable { dir: dir.to_owned() });
    }
    let place = link(dir, &root(Path::new(SHARED))?)?;
    owner.take(&place)?;
    if !owner.enters(&place)? {
        return Err(Error::Unreachable { dir: place });
    }
    progress::say(
        "postgres",
        format_args!("cannot enter {} as its own user: the data is in {}", dir.display(), place.display()),
    );
    Ok(place)
}

/// Puts a link at `dir` to a new folder elsewhere. It has a random name: a new clone at the same path must not find the data
/// of a deleted one.
fn link(dir: &Path, elsewhere: &Path) -> Result<PathBuf> {
    let place = folder(&elsewhere.join(format!("cairn-{}", secret::random()?)), PRIVATE)?;
    symlink(&place, dir).map_err(Error::io("link", dir))?;
    Ok(place)
}

fn we_are_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Finds a user by name in a text in the form of `/etc/passwd`.
fn find_user(users: &str, name: &str) -> Option<Owner> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next()? == name;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        is_it.then_some(Owner { uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_the_whole_name_only() {
        let users = "root:x:0:0:root:/root:/bin/bash\npostgresql:x:9:9::/:/bin/sh\npostgres:x:101:104:Pg,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(find_user(users, "postgres"), Some(Owner { uid: 101, gid: 104 }));
        assert_eq!(find_user(users, "gres"), None);
    }
}
