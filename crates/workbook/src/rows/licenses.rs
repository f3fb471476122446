//! Licences: how much of a product or a solution somebody may use.

use kernel::LicenseId;
use uuid::Uuid;

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::{Fields, KEY, LONG};
use crate::sheet::{Column, Form};
use crate::table::Kind;

/// A licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    /// Its id; none when it is new.
    pub id: Option<LicenseId>,
    /// What it is called.
    pub name: String,
    /// 1 to 10; each level includes the ones before it.
    pub level: i32,
    /// More about it.
    pub description: Option<String>,
    /// Whether it is still offered.
    pub is_active: bool,
    /// Its place in the list, from 1; none leaves it or puts it last.
    pub display_order: Option<i32>,
    /// The caller's own key.
    pub external_key: Option<String>,
    /// The licences of its products that a solution's licence includes; of a product of which it names none, it includes all.
    pub product_licenses: Vec<LicenseId>,
}

pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id),
    Column::new("License Name", "name", Form::Text).needed(),
    Column::new("Level", "level", Form::Number(1.0, 10.0)).needed(),
    Column::new("Description", "description", Form::Long),
    Column::new("Active", "isActive", Form::Flag).keeps(),
    Column::PLACE.only_in_versions(),
    Column::EXTERNAL_KEY,
    Column::new("Product Licenses", "productLicenseIds", Form::Lines).only_in_versions(),
];

impl Kind for License {
    in_sheet!(Licenses as licenses);

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<Uuid> {
        self.id.map(Uuid::from)
    }

    /// Names may repeat.
    fn unique(&self) -> Option<String> {
        None
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::id(self.id),
            Cell::text(&self.name),
            Cell::Number(self.level.into()),
            Cell::optional(self.description.as_deref()),
            Cell::Flag(self.is_active),
            Cell::whole(self.display_order),
            Cell::optional(self.external_key.as_deref()),
            Cell::list(&self.product_licenses.iter().map(LicenseId::to_string).collect::<Vec<_>>()),
        ]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.id(),
            name: fields.name(),
            level: fields.required(Fields::whole).unwrap_or(1),
            description: fields.text(LONG),
            is_active: fields.flag().unwrap_or(true),
            display_order: fields.whole(),
            external_key: fields.text(KEY),
            product_licenses: fields.ids(),
        }
    }
}
