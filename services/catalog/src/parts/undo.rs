//! Taking back what a change set did with parts.

use contracts::catalog::{CustomAttributeView, LicenseView, OutcomeView, ReleaseView, TagView};
use db::Tx;
use kernel::{LicenseId, Problem};

use super::{custom_attributes, licenses, outcomes, releases, tags};
use crate::change_sets::{EntityType, Overlaps, Undo, Undos};
use crate::owners::Under;
use crate::tasks::links;

/// Leaves what is to be done about parts, as they are now.
pub(crate) async fn against_now(
    tx: &mut Tx,
    under: &Under,
    undos: &mut Undos,
    overlaps: &mut Overlaps,
) -> Result<(), Problem> {
    let (tenant, owner) = (under.tenant, under.owner);
    macro_rules! against {
        ($($table:ident as $View:ident: $Type:ident),+) => {$(
            let rows = $table::line(tx, tenant, owner).await?;
            let ids = undos.ids(EntityType::$Type);
            undos.against(EntityType::$Type, &ids, rows.into_iter().map($View::from), overlaps)?;
        )+};
    }
    against!(
        licenses as LicenseView: License,
        outcomes as OutcomeView: Outcome,
        releases as ReleaseView: Release,
        tags as TagView: Tag,
        custom_attributes as CustomAttributeView: CustomAttribute
    );
    Ok(())
}

/// Makes parts what they were: what was made goes first, for its name may be wanted again.
pub(crate) async fn undo(tx: &mut Tx, under: &Under, undos: &mut Undos) -> Result<(), Problem> {
    let of_licenses = undos.take(EntityType::License);
    let included = included(&of_licenses)?;
    licenses::undo(tx, under, of_licenses, &["licenseLevel", "productLicenseIds"], async |_, _, _| Ok(())).await?;
    for (id, product_licenses) in included {
        licenses::assign(tx, under, id, product_licenses).await?;
    }
    let unlink = async |tx: &mut Tx, under: &Under, ids: &[_]| links::outcomes::forget(tx, under, ids).await;
    outcomes::undo(tx, under, undos.take(EntityType::Outcome), &[], unlink).await?;
    let unlink = async |tx: &mut Tx, under: &Under, ids: &[_]| links::releases::forget(tx, under, ids).await;
    releases::undo(tx, under, undos.take(EntityType::Release), &[], unlink).await?;
    let unlink = async |tx: &mut Tx, under: &Under, ids: &[_]| links::tags::forget(tx, under, ids).await;
    tags::undo(tx, under, undos.take(EntityType::Tag), &[], unlink).await?;
    let of_custom = undos.take(EntityType::CustomAttribute);
    custom_attributes::undo(tx, under, of_custom, &[], async |_, _, _| Ok(())).await
}

/// The product licences that licences included before, where they included others since.
fn included(undos: &[(uuid::Uuid, Undo)]) -> Result<Vec<(LicenseId, Vec<LicenseId>)>, Problem> {
    let mut included = Vec::new();
    for (id, undo) in undos {
        let before = match undo {
            Undo::PutBack(before, _) | Undo::BringBack(before) => before.get("productLicenseIds"),
            Undo::Remove(_) => None,
        };
        if let Some(ids) = before {
            included.push((LicenseId(*id), serde_json::from_value(ids.clone()).map_err(Problem::internal)?));
        }
    }
    Ok(included)
}
