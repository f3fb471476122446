//! What an import would make of its product or solution, for adoption: it is done, looked at, and undone.

use actix_web::get;
use actix_web::web::Data;
use contracts::catalog::{Blueprint, Rehearsal};
use db::{Db, Json, Tx};
use kernel::{ImportId, Problem, ProblemKind};
use web::{Allow, Answer, Path, Reply};

use super::api::seen;
use super::model::{FEW_ROWS, Import};
use super::{apply, dry_run, store};
use crate::blueprint;
use crate::owners::Authority;
use crate::permissions::CatalogWrite;

/// Whoever asks waits, and what the import changes is locked meanwhile.
static TOO_LARGE: ProblemKind = ProblemKind::new("IMPORT_TOO_LARGE", 409, "The import is too large to be tried");

/// Show what an import would make
///
/// Of its product or solution, as a plan would be made from it.
#[utoipa::path(tag = "internal", responses((status = 200, description = "What it would make, or why it cannot be done.")))]
#[get("/imports/{importId}/rehearsal")]
pub(super) async fn rehearse_import(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<ImportId>) -> Answer {
    let went = db.rehearse(who.actor(), async |tx| rehearse(&who, tx, id).await).await;
    let rehearsal = match went {
        Ok((before, after)) => Rehearsal::Went { before, after },
        Err(problem) if matches!(problem.kind().status, 409 | 422 | 423) => {
            Rehearsal::Refused(problem.text().to_owned())
        }
        Err(problem) => return Err(problem.into()),
    };
    Ok(Reply::ok(&rehearsal)?.into_response())
}

async fn rehearse(
    who: &Allow<CatalogWrite>,
    tx: &mut Tx,
    id: ImportId,
) -> Result<(Option<Box<Blueprint>>, Box<Blueprint>), Problem> {
    let import = seen(who, tx, id).await?;
    import.ready()?;
    if import.rows() > FEW_ROWS {
        let how = format!("At most {FEW_ROWS} rows are tried before they are committed; its changes are listed.");
        return Err(TOO_LARGE.detail(how));
    }
    let import = Import { authority: Json(Authority::of(who, tx).await?), ..import };
    let file = store::file(tx, tx.tenant(), id).await?.unwrap_or_default();
    let before = match import.owner() {
        Some(owner) => Some(blueprint::read(tx, tx.tenant(), owner).await?.into()),
        None => None,
    };
    let read = dry_run::read(&import, file).await?;
    let owner = apply::apply(tx, &import, read).await?;
    Ok((before, blueprint::read(tx, tx.tenant(), owner).await?.into()))
}
