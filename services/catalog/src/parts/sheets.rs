//! Parts as rows of a workbook, and back again.

use std::collections::HashMap;

use contracts::catalog::CustomDataType;
use db::{Conn, Tx};
use kernel::{CustomAttributeId, Hundredths, LicenseId, OutcomeId, Problem, ReleaseId, TagId, TenantId};
use serde_json::value::RawValue;
use workbook::{Action, Change, Item, Sheet, Workbook};

use super::custom_attributes::{CreateCustomAttribute, CustomAttribute, CustomAttributePatch};
use super::licenses::{CreateLicense, License, LicensePatch};
use super::outcomes::{CreateOutcome, Outcome, OutcomePatch};
use super::releases::{CreateRelease, Release, ReleasePatch};
use super::tags::{CreateTag, Tag, TagPatch};
use super::{custom_attributes, licenses, outcomes, releases, tags};
use crate::imports::{Changes, Commands, Imported, Said};
use crate::owners::{Owner, Under};
use crate::tasks::links;

/// What the tasks of an owner can name.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) outcomes: Vec<(OutcomeId, String)>,
    pub(crate) releases: Vec<(ReleaseId, String)>,
    pub(crate) tags: Vec<(TagId, String)>,
}

/// Reads the parts of an owner into a workbook.
pub(crate) async fn read(
    conn: &Conn,
    tenant: TenantId,
    owner: Owner,
    workbook: &mut Workbook,
) -> Result<Names, Problem> {
    let (licenses, custom) =
        (licenses::line(conn, tenant, owner).await?, custom_attributes::line(conn, tenant, owner).await?);
    let (outcomes, releases, tags) = (
        outcomes::line(conn, tenant, owner).await?,
        releases::line(conn, tenant, owner).await?,
        tags::line(conn, tenant, owner).await?,
    );
    let names = Names {
        outcomes: outcomes.iter().map(|row| (row.id, row.name.clone())).collect(),
        releases: releases.iter().map(|row| (row.id, row.name.clone())).collect(),
        tags: tags.iter().map(|row| (row.id, row.name.clone())).collect(),
    };
    workbook.licenses = Some(licenses.into_iter().map(workbook::License::from).collect());
    workbook.outcomes = Some(outcomes.into_iter().map(workbook::Outcome::from).collect());
    workbook.releases = Some(releases.into_iter().map(workbook::Release::from).collect());
    workbook.tags = Some(tags.into_iter().map(workbook::Tag::from).collect());
    workbook.custom_attributes = Some(custom.into_iter().map(workbook::CustomAttribute::from).collect());
    Ok(names)
}

/// Does what an import says of the parts that tasks name.
pub(crate) async fn import(tx: &mut Tx, under: &Under, changes: &mut Changes) -> Result<(), Problem> {
    let included = included(changes.those(Sheet::Licenses));
    let commands = Commands::of::<workbook::License>(changes, Sheet::Licenses)?;
    let mut made = licenses::import(tx, under, commands, async |_, _, _| Ok(())).await?.into_iter();
    for (id, product_licenses) in included {
        let is_new = id.is_none();
        let id = id.or_else(|| made.next()).ok_or_else(|| Problem::not_found("licence"))?;
        if !(is_new && product_licenses.is_empty()) {
            licenses::include(tx, under, id, product_licenses).await?;
        }
    }
    let commands = Commands::of::<workbook::Outcome>(changes, Sheet::Outcomes)?;
    outcomes::import(tx, under, commands, async |tx, under, ids| links::outcomes::forget(tx, under, ids).await).await?;
    let commands = Commands::of::<workbook::Release>(changes, Sheet::Releases)?;
    releases::import(tx, under, commands, async |tx, under, ids| links::releases::forget(tx, under, ids).await).await?;
    let commands = Commands::of::<workbook::Tag>(changes, Sheet::Tags)?;
    tags::import(tx, under, commands, async |tx, under, ids| links::tags::forget(tx, under, ids).await).await?;
    let commands = Commands::of::<workbook::CustomAttribute>(changes, Sheet::CustomAttributes)?;
    custom_attributes::import(tx, under, commands, async |_, _, _| Ok(())).await.map(drop)
}

/// The product licences that licences come to include; those without an id are made, in this order.
fn included(changes: &[Change]) -> Vec<(Option<LicenseId>, Vec<LicenseId>)> {
    let mut included = Vec::new();
    for Change { action, after, fields, .. } in changes {
        let Some(Item::License(row)) = after else { continue };
        if *action == Action::Create {
            included.push((None, row.product_licenses.clone()));
        } else if Said::of(fields).has("productLicenseIds") {
            included.push((row.id, row.product_licenses.clone()));
        }
    }
    included
}

/// What the tasks of an owner can name now.
pub(crate) async fn names(conn: &Conn, tenant: TenantId, owner: Owner) -> Result<Names, Problem> {
    read(conn, tenant, owner, &mut Workbook::default()).await
}

impl Names {
    /// The id of each outcome, release and tag by its name.
    pub(crate) fn by_name(&self) -> ByName<'_> {
        ByName {
            outcomes: self.outcomes.iter().map(|(id, name)| (name.as_str(), *id)).collect(),
            releases: self.releases.iter().map(|(id, name)| (name.as_str(), *id)).collect(),
            tags: self.tags.iter().map(|(id, name)| (name.as_str(), *id)).collect(),
        }
    }

    /// The name of each outcome, release and tag by its id.
    pub(crate) fn by_id(&self) -> ById<'_> {
        ById {
            outcomes: self.outcomes.iter().map(|(id, name)| (*id, name.as_str())).collect(),
            releases: self.releases.iter().map(|(id, name)| (*id, name.as_str())).collect(),
            tags: self.tags.iter().map(|(id, name)| (*id, name.as_str())).collect(),
        }
    }
}

/// Ids by names.
pub(crate) struct ByName<'a> {
    pub(crate) outcomes: HashMap<&'a str, OutcomeId>,
    pub(crate) releases: HashMap<&'a str, ReleaseId>,
    pub(crate) tags: HashMap<&'a str, TagId>,
}

/// Names by ids.
pub(crate) struct ById<'a> {
    pub(crate) outcomes: HashMap<OutcomeId, &'a str>,
    pub(crate) releases: HashMap<ReleaseId, &'a str>,
    pub(crate) tags: HashMap<TagId, &'a str>,
}

impl From<License> for workbook::License {
    fn from(row: License) -> Self {
        let License { id, name, level, description, is_active, display_order, external_key, .. } = row;
        let (id, display_order, product_licenses) = (Some(id), Some(display_order), row.product_license_ids);
        Self { id, name, level, description, is_active, display_order, external_key, product_licenses }
    }
}

impl From<Outcome> for workbook::Outcome {
    fn from(row: Outcome) -> Self {
        let Outcome { id, name, description, display_order, external_key, .. } = row;
        Self { id: Some(id), name, description, display_order: Some(display_order), external_key }
    }
}

impl From<Release> for workbook::Release {
    fn from(row: Release) -> Self {
        let Release { id, name, level, description, is_active, display_order, external_key, .. } = row;
        let (id, display_order) = (Some(id), Some(display_order));
        Self { id, name, level, description, is_active, display_order, external_key }
    }
}

impl From<Tag> for workbook::Tag {
    fn from(row: Tag) -> Self {
        let Tag { id, name, color, description, display_order, external_key, .. } = row;
        Self { id: Some(id), name, color, description, display_order: Some(display_order), external_key }
    }
}

impl From<CustomAttribute> for workbook::CustomAttribute {
    fn from(row: CustomAttribute) -> Self {
        let CustomAttribute { id, key, value, display_order, data_type, is_required, description, .. } = row;
        let (id, value, display_order) = (Some(id), Self::shown(&value, data_type), Some(display_order));
        Self { id, key, value, display_order, data_type, is_required, description, external_key: row.external_key }
    }
}

impl Imported for workbook::License {
    type Id = LicenseId;
    type Create = CreateLicense;
    type Patch = LicensePatch;

    fn id(&self) -> Option<LicenseId> {
        self.id
    }

    fn create(self) -> Result<CreateLicense, Problem> {
        let Self { id: _, name, level, description, is_active, display_order, external_key, product_licenses: _ } =
            self;
        let (level, is_active) = (Some(level), Some(is_active));
        Ok(CreateLicense { name, description, external_key, level, is_active, display_order })
    }

    fn patch(self, said: &Said<'_>) -> Result<LicensePatch, Problem> {
        Ok(LicensePatch {
            name: said.value("name", self.name),
            description: said.option("description", self.description),
            external_key: said.option("externalKey", self.external_key),
            level: said.value("level", self.level),
            is_active: said.value("isActive", self.is_active),
            display_order: said.place(self.display_order),
        })
    }
}

impl Imported for workbook::Outcome {
    type Id = OutcomeId;
    type Create = CreateOutcome;
    type Patch = OutcomePatch;

    fn id(&self) -> Option<OutcomeId> {
        self.id
    }

    fn create(self) -> Result<CreateOutcome, Problem> {
        let Self { id: _, name, description, display_order, external_key } = self;
        Ok(CreateOutcome { name, description, external_key, display_order })
    }

    fn patch(self, said: &Said<'_>) -> Result<OutcomePatch, Problem> {
        Ok(OutcomePatch {
            name: said.value("name", self.name),
            description: said.option("description", self.description),
            external_key: said.option("externalKey", self.external_key),
            display_order: said.place(self.display_order),
        })
    }
}

impl Imported for workbook::Release {
    type Id = ReleaseId;
    type Create = CreateRelease;
    type Patch = ReleasePatch;

    fn id(&self) -> Option<ReleaseId> {
        self.id
    }

    fn create(self) -> Result<CreateRelease, Problem> {
        let Self { id: _, name, level, description, is_active, display_order, external_key } = self;
        let (level, is_active): (Option<Hundredths>, _) = (Some(level), Some(is_active));
        Ok(CreateRelease { name, description, external_key, level, is_active, display_order })
    }

    fn patch(self, said: &Said<'_>) -> Result<ReleasePatch, Problem> {
        Ok(ReleasePatch {
            name: said.value("name", self.name),
            description: said.option("description", self.description),
            external_key: said.option("externalKey", self.external_key),
            level: said.value("level", self.level),
            is_active: said.value("isActive", self.is_active),
            display_order: said.place(self.display_order),
        })
    }
}

impl Imported for workbook::Tag {
    type Id = TagId;
    type Create = CreateTag;
    type Patch = TagPatch;

    fn id(&self) -> Option<TagId> {
        self.id
    }

    fn create(self) -> Result<CreateTag, Problem> {
        let Self { id: _, name, color, description, display_order, external_key } = self;
        Ok(CreateTag { name, description, external_key, color, display_order })
    }

    fn patch(self, said: &Said<'_>) -> Result<TagPatch, Problem> {
        Ok(TagPatch {
            name: said.value("name", self.name),
            description: said.option("description", self.description),
            external_key: said.option("externalKey", self.external_key),
            color: said.option("color", self.color),
            display_order: said.place(self.display_order),
        })
    }
}

impl Imported for workbook::CustomAttribute {
    type Id = CustomAttributeId;
    type Create = CreateCustomAttribute;
    type Patch = CustomAttributePatch;

    fn id(&self) -> Option<CustomAttributeId> {
        self.id
    }

    fn create(self) -> Result<CreateCustomAttribute, Problem> {
        let value = RawValue::from_string(self.json()).map_err(Problem::internal)?;
        let Self { id: _, key, value: _, display_order, data_type, is_required, description, external_key } = self;
        let (data_type, is_required): (Option<CustomDataType>, _) = (Some(data_type), Some(is_required));
        Ok(CreateCustomAttribute { key, description, external_key, value, data_type, is_required, display_order })
    }

    fn patch(self, said: &Said<'_>) -> Result<CustomAttributePatch, Problem> {
        // The same cell is another value when its type is another.
        let typed = said.has("value") || said.has("dataType");
        let value = RawValue::from_string(self.json()).map_err(Problem::internal)?;
        Ok(CustomAttributePatch {
            key: said.value("key", self.key),
            description: said.option("description", self.description),
            external_key: said.option("externalKey", self.external_key),
            value: said.if_so(typed, value),
            data_type: said.if_so(typed, self.data_type),
            is_required: said.value("isRequired", self.is_required),
            display_order: said.place(self.display_order),
        })
    }
}
