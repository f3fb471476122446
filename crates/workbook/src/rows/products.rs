//! The products that a solution bundles.

use kernel::ProductId;
use uuid::Uuid;

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::Fields;
use crate::sheet::{Column, Form};
use crate::table::Kind;

/// A product of a solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundledProduct {
    /// The product; none until its name is looked up.
    pub id: Option<ProductId>,
    /// What it is called.
    pub name: String,
    /// Its place among the solution's products, from 1; none leaves it or puts it last.
    pub order: Option<i32>,
    /// What it is: a remark, for a solution does not change its products.
    pub description: Option<String>,
}

pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id),
    Column::new("Product Name", "name", Form::Text).needed(),
    Column::new("Order", "order", Form::Number(0.0, 100_000.0)).keeps(),
    Column::new("Description", "description", Form::Remark),
];

impl Kind for BundledProduct {
    in_sheet!(Products as products);

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<Uuid> {
        self.id.map(Uuid::from)
    }

    /// A product once; two of them may have one name.
    fn unique(&self) -> Option<String> {
        Some(self.id.map_or_else(|| self.key(), |id| id.to_string()))
    }

    fn cells(&self) -> Vec<Cell> {
        let id = Cell::id(self.id);
        let description = Cell::optional(self.description.as_deref());
        vec![id, Cell::text(&self.name), Cell::whole(self.order), description]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        Self { id: fields.id(), name: fields.name(), order: fields.whole(), description: fields.text(usize::MAX) }
    }
}
