//! The master key, and the keys that sign access tokens.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use diesel::sql_types::{BigInt, Nullable, Timestamptz};
use diesel_async::RunQueryDsl;
use kernel::config::Config;
use kernel::{Problem, Timestamp};

use super::{Finding, postgres, span, told};

/// A signing key should not serve longer than this.
const LONGEST_SERVICE_DAYS: i64 = 90;

/// The configuration could be read, so there is a key; is it kept well?
pub(super) fn master(config: &Config, file: Option<&Path>) -> Vec<Finding> {
    let place = match file {
        None => Finding::ok("master key", "from CAIRN_MASTER_KEY"),
        Some(file) => kept_in(file),
    };
    let rotation = config
        .keys
        .previous
        .is_some()
        .then(|| Finding::ok("master key before", "CAIRN_MASTER_KEY_PREVIOUS is set: a rotation is under way"));
    std::iter::once(place).chain(rotation).collect()
}

fn kept_in(file: &Path) -> Finding {
    let shown = file.display();
    match std::fs::metadata(file) {
        Ok(about) if about.permissions().mode() & 0o077 == 0 => {
            Finding::ok("master key", format!("in {shown}, for its owner only"))
        }
        Ok(_) => Finding::warn("master key", format!("others may read {shown}"), format!("`chmod 600 {shown}`")),
        Err(error) => {
            Finding::warn("master key", format!("{shown}: {error}"), "set CAIRN_MASTER_KEY_FILE to the file it is in")
        }
    }
}

/// How long the newest signing key has been in service. Its table has no tenant, so the service's own role may look.
pub(super) async fn signing(config: &Config, now: Timestamp) -> Finding {
    #[derive(diesel::QueryableByName)]
    struct Keys {
        #[diesel(sql_type = BigInt)]
        published: i64,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        newest: Option<Timestamp>,
    }
    let looked = async {
        let url = config.role_url("identity_app").ok_or_else(|| Problem::internal("identity_app has no address"))?;
        let mut conn = postgres::connect(&url).await?;
        let query = "select count(*) as published, max(created_at) as newest from signing_keys where retired_at is null or retired_at > $1";
        Ok::<Keys, Problem>(diesel::sql_query(query).bind::<Timestamptz, _>(now).get_result(&mut conn).await?)
    };
    match looked.await {
        Err(problem) => Finding::fail("signing key", told(&problem), "run `cairn migrate` with the present master key"),
        Ok(Keys { newest: None, .. }) => {
            Finding::warn("signing key", "there is none yet", "start identity: it makes the first one")
        }
        Ok(Keys { published, newest: Some(newest) }) => {
            let age = now - newest;
            let detail = format!("{published} in use, the newest is {} old", span(age.num_seconds()));
            if age.num_days() > LONGEST_SERVICE_DAYS {
                Finding::warn("signing key", detail, "`cairn rotate-signing-key`")
            } else {
                Finding::ok("signing key", detail)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn a_key_file_that_others_may_read_is_named() {
        let file = std::env::temp_dir().join(format!("cairn-doctor-key-{}", std::process::id()));
        std::fs::write(&file, "key").unwrap();
        let mut health = Vec::new();
        for mode in [0o600, 0o640, 0o604] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            health.push(kept_in(&file).health);
        }
        std::fs::remove_file(&file).unwrap();
        assert_eq!(health, [Health::Ok, Health::Warn, Health::Warn]);
        assert_eq!(kept_in(&file).health, Health::Warn);
    }
}
