//! What was shown is done: wholly, in the transaction of whoever asks for it, or not at all.

use contracts::catalog::Resource;
use db::{Json, Tx};
use kernel::{Field, Problem};
use workbook::{Action, BundledProduct, Change, Info, Item, OtherKind, Read, Sheet};

use super::dry_run::{DryRun, For, compare};
use super::finding;
use super::model::Import;
use super::{Changes, Said};
use crate::owners::{self, Authority, CreateOwner, Owner, OwnerKind, OwnerPatch, Under};
use crate::{attributes, later, order, parts, products, solution_tasks, solutions, tasks};

/// Does what an import has shown, and answers with whose it is.
///
/// # Errors
/// 409 when it would do something else now; what single commands refuse.
pub(super) async fn apply(tx: &mut Tx, import: &Import, read: Read) -> Result<Owner, Problem> {
    let Json(authority) = &import.authority;
    let tenant = tx.tenant();
    // Two that make the same thing at once: the second one sees what the first one made.
    let named = import.target().map(|owner| owner.id().to_string());
    later::turn(tx, named.as_deref().or(read.workbook.name()).unwrap_or_default()).await?;
    let found = finding::owner(tx, tenant, authority, import.target(), &read.workbook).await?;
    if let Some(owner) = found {
        owners::hold(tx, owner).await?;
    }
    let DryRun { owner, kind, changes, returning, digest, faults, .. } = compare(tx, import, read, For::Doing).await?;
    if !faults.is_sound() || import.digest.as_deref() != Some(digest.as_str()) {
        return Err(Import::outdated());
    }
    let is_empty = changes.is_empty();
    let mut changes = Changes::new(changes, returning);
    let under = match owner {
        Some(owner) if is_empty => return Ok(owner),
        Some(owner) => change(tx, authority, owner, &mut changes).await?,
        None => make(tx, authority, kind, &mut changes).await?,
    };
    parts::sheets::import(tx, &under, &mut changes).await?;
    let names = parts::sheets::names(tx, tenant, under.owner).await?;
    let settled = tasks::sheets::import(tx, &under, changes.take(Sheet::Tasks), &names.by_name()).await?;
    attributes::sheets::import(tx, &under, &mut changes, &settled).await?;
    solution_tasks::import(tx, &under, changes.take(Sheet::TaskOrder)).await?;
    Ok(under.owner)
}

/// Makes the owner that the file describes.
async fn make(tx: &mut Tx, authority: &Authority, kind: OwnerKind, changes: &mut Changes) -> Result<Under, Problem> {
    let info = changes.take(Sheet::Info).into_iter().find_map(|change| change.after);
    let Some(Item::Info(Info { name, description, external_key, .. })) = info else {
        return Err(Problem::internal("an import makes something without a name"));
    };
    let resources = relinked(Vec::new(), changes.take(Sheet::Resources));
    let bundle = changes.take(Sheet::Products);
    let command = CreateOwner { name, description, external_key, resources };
    let (owner, revision) = match kind {
        OwnerKind::Solution => {
            let row = solutions::import_new(tx, command).await?;
            let row = rebundled(tx, authority, row, bundle).await?;
            (Owner::Solution(row.id), row.revision)
        }
        OwnerKind::Product => {
            let row = products::import_new(tx, command).await?;
            (Owner::Product(row.id), row.revision)
        }
    };
    Ok(Under { tenant: tx.tenant(), owner, revision, now: tx.now() })
}

/// Raises the revision of an owner, and changes its own fields as the file says.
async fn change(tx: &mut Tx, authority: &Authority, owner: Owner, changes: &mut Changes) -> Result<Under, Problem> {
    let under = owners::raise(tx, owner, owner.noun()).await?;
    let mut patch = OwnerPatch::default();
    for Change { after, fields, .. } in changes.take(Sheet::Info) {
        let Some(Item::Info(Info { name, description, external_key, .. })) = after else { continue };
        let said = Said::of(&fields);
        (patch.name, patch.description) = (said.value("name", name), said.option("description", description));
        patch.external_key = said.option("externalKey", external_key);
    }
    let links = changes.take(Sheet::Resources);
    let bundle = changes.take(Sheet::Products);
    let missing = || Problem::not_found(owner.noun());
    let revision = match owner {
        Owner::Product(id) => {
            let row = products::store::find(tx, under.tenant, id).await?.ok_or_else(missing)?;
            let patch = with_links(patch, &row.resources, links);
            if patch.is_empty() { row.revision } else { products::import(tx, row, patch).await?.revision }
        }
        Owner::Solution(id) => {
            let mut row = solutions::store::find(tx, under.tenant, id).await?.ok_or_else(missing)?;
            let patch = with_links(patch, &row.resources, links);
            if !patch.is_empty() {
                row = solutions::import(tx, row, patch).await?;
            }
            rebundled(tx, authority, row, bundle).await?.revision
        }
    };
    Ok(Under { revision, ..under })
}

fn with_links(patch: OwnerPatch, Json(before): &Json<Vec<Resource>>, changes: Vec<Change>) -> OwnerPatch {
    if changes.is_empty() {
        return patch;
    }
    OwnerPatch { resources: Field::Value(relinked(before.clone(), changes)), ..patch }
}

/// The links as a file has them: none is ever deleted by one.
fn relinked(mut links: Vec<Resource>, changes: Vec<Change>) -> Vec<Resource> {
    let link = |item: Option<Item>| match item {
        Some(Item::Resource(workbook::Resource { label, url })) => Some(Resource { label, url }),
        _ => None,
    };
    for Change { before, after, .. } in changes {
        let (before, Some(after)) = (link(before), link(after)) else { continue };
        match links.iter_mut().find(|link| Some(&**link) == before.as_ref()) {
            Some(link) => *link = after,
            None => links.push(after),
        }
    }
    links
}

/// Gives a solution the products that the file names, as far as its caller may.
async fn rebundled(
    tx: &mut Tx,
    authority: &Authority,
    row: solutions::Solution,
    changes: Vec<Change>,
) -> Result<solutions::Solution, Problem> {
    if changes.is_empty() {
        return Ok(row);
    }
    let product = |item: Option<Item>| item.map(BundledProduct::try_from).transpose();
    let (mut others, mut wanted) = (row.product_ids.clone(), Vec::new());
    for Change { action, before, after, .. } in changes {
        let wrong = |_: OtherKind| Problem::internal("a product of a solution is something else");
        let (before, after) = (product(before).map_err(wrong)?, product(after).map_err(wrong)?);
        let Some(id) = after.as_ref().or(before.as_ref()).and_then(|product| product.id) else { continue };
        let order = after.and_then(|product| product.order);
        if action == Action::Delete || order.is_some() {
            others.retain(|other| *other != id);
        }
        match order {
            Some(order) => wanted.push((order, id)),
            None if action == Action::Create => others.push(id),
            None => {}
        }
    }
    solutions::assign(tx, authority, row, order::placed(&others, wanted)).await
}
