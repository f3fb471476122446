//! Large change sets are taken back after the answer.

use db::{Db, Tx};
use jobs::{ATTEMPTS, Job, Kind};
use kernel::{ChangeSetId, Problem};
use serde::{Deserialize, Serialize};

use super::{revert, store};
use crate::later::{self, Asker};
use crate::owners::Authority;

/// Takes a change set back.
const WORK: &str = "revert";

/// What is to be taken back, for whom, and what they might do when they asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) id: ChangeSetId,
    pub(super) asker: Asker,
    pub(super) authority: Authority,
}

/// The work.
pub(crate) fn work(db: Db) -> Kind {
    Kind::new(WORK, move |tx, job| {
        let db = db.clone();
        Box::pin(async move { perform(&db, tx, job).await })
    })
}

pub(super) async fn schedule(tx: &mut Tx, asked: &Asked) -> Result<(), Problem> {
    jobs::schedule(tx, WORK, &asked.id.to_string(), asked, tx.now()).await
}

async fn perform(db: &Db, tx: &mut Tx, job: &Job) -> Result<(), Problem> {
    let asked: Asked = job.payload()?;
    let actor = asked.asker.clone().actor(tx.tenant());
    let Err(problem) = db.write(&actor, async |tx| revert_alone(tx, &asked).await).await else { return Ok(()) };
    if problem.kind().status >= 500 && job.attempts < ATTEMPTS {
        return Err(problem);
    }
    tracing::info!(change_set = %asked.id, error = %problem, "a change set was not taken back");
    store::revert_failed(tx, asked.id, &problem).await
}

/// Takes it back, unless somebody else has.
async fn revert_alone(tx: &mut Tx, asked: &Asked) -> Result<(), Problem> {
    later::turn(tx, &asked.id.to_string()).await?;
    let set = store::find(tx, tx.tenant(), asked.id).await?.filter(|set| set.revert_asked_at.is_some());
    let Some(set) = set else { return Ok(()) };
    revert::revert(tx, &asked.authority, &set).await?;
    store::mark(tx, asked.id).await.map(drop)
}
