//! The workbook: what a product or a solution consists of.

use std::collections::HashSet;

use kernel::{LicenseId, ProductId, TaskId};
use serde::Serialize;
use uuid::Uuid;

use crate::fault::{Fault, Faults};
use crate::rows::{
    BundledProduct, CustomAttribute, Info, License, Outcome, Release, Resource, Tag, Task, TaskPlace,
    TelemetryAttribute,
};
use crate::sheet::Sheet;
use crate::table::{Kind, Row, Table, full};

/// Whose workbook it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OwnerKind {
    /// A product.
    #[default]
    Product,
    /// A solution: it bundles products as well.
    Solution,
}

/// Something that can be done with every table of a workbook.
pub(crate) trait Visitor {
    /// What may go wrong.
    type Error;
    /// Does it with one of them; none when the workbook leaves its kind alone.
    fn table<T: Kind>(&mut self, table: Option<&Table<T>>) -> Result<(), Self::Error>;
}

/// Something to be done with one kind of row.
pub(crate) trait Work {
    /// What comes of it.
    type Output;
    /// Does it.
    fn with<T: Kind + 'static>(self) -> Self::Output;
}

/// The row is of another kind than was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherKind;

impl std::fmt::Display for OtherKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the row is of another kind")
    }
}

impl std::error::Error for OtherKind {}

macro_rules! sheets {
    ($($(#[$doc:meta])* $field:ident: $record:ident in $sheet:ident;)+) => {
        /// What a product or a solution consists of. A table that is missing leaves its kind alone.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Workbook {
            /// Whose it is.
            pub kind: OwnerKind,
            $($(#[$doc])* pub $field: Option<Table<$record>>,)+
        }

        /// A row of any kind.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Item {
            $($(#[$doc])* $record($record),)+
        }

        impl Item {
            /// The row's id, if it has one.
            #[must_use]
            pub fn id(&self) -> Option<Uuid> {
                match self { $(Self::$record(record) => Kind::id(record),)+ }
            }
        }

        impl Workbook {
            /// The ids of all its rows.
            #[must_use]
            pub fn ids(&self) -> HashSet<Uuid> {
                let mut ids = HashSet::new();
                $(ids.extend(self.$field.iter().flat_map(Table::items).filter_map(Kind::id));)+
                ids
            }

            /// Says of the rows with these ids that they mean what had them, even if another has the name now.
            pub fn hold_to(&mut self, ids: &HashSet<Uuid>) {
                $(for row in self.$field.iter_mut().flat_map(|table| &mut table.rows) {
                    row.by_id_alone = row.item.id().is_some_and(|id| ids.contains(&id));
                })+
            }

            /// Shows every table to a visitor, in the order of the sheets.
            pub(crate) fn visit<V: Visitor>(&self, visitor: &mut V) -> Result<(), V::Error> {
                $(visitor.table::<$record>(self.$field.as_ref())?;)+
                Ok(())
            }
        }

        impl Sheet {
            /// Does something with the kind of row that stands in this sheet.
            pub(crate) fn with<W: Work>(self, work: W) -> W::Output {
                match self { $(Self::$sheet => work.with::<$record>(),)+ }
            }
        }

        $(
            impl Extend<$record> for Table<$record> {
                fn extend<I: IntoIterator<Item = $record>>(&mut self, items: I) {
                    self.rows.extend(full(items).rows);
                }
            }

            impl From<$record> for Item {
                fn from(item: $record) -> Self {
                    Self::$record(item)
                }
            }

            impl TryFrom<Item> for $record {
                type Error = OtherKind;

                fn try_from(item: Item) -> Result<Self, OtherKind> {
                    if let Item::$record(record) = item { Ok(record) } else { Err(OtherKind) }
                }
            }

            impl FromIterator<$record> for Table<$record> {
                fn from_iter<I: IntoIterator<Item = $record>>(items: I) -> Self {
                    full(items)
                }
            }
        )+
    };
}

sheets! {
    /// The product or the solution itself: one row.
    info: Info in Info;
    /// The products that a solution bundles.
    products: BundledProduct in Products;
    /// The adoption steps.
    tasks: Task in Tasks;
    /// Licences.
    licenses: License in Licenses;
    /// Outcomes.
    outcomes: Outcome in Outcomes;
    /// Releases.
    releases: Release in Releases;
    /// Tags.
    tags: Tag in Tags;
    /// Custom attributes.
    custom_attributes: CustomAttribute in CustomAttributes;
    /// Links that help.
    resources: Resource in Resources;
    /// Telemetry attributes of the tasks.
    telemetry: TelemetryAttribute in Telemetry;
    /// The order of a solution's tasks, its own and those of its products.
    task_order: TaskPlace in TaskOrder;
}

impl Workbook {
    /// The name of the product or the solution, which finds it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.info.as_ref().and_then(|info| info.items().next()).map(|info| info.name.as_str())
    }

    /// Fills the ids of a solution's products with what `find` knows of them: by the id that the file gives, or by the name.
    pub fn find_products(
        &mut self,
        find: impl Fn(&BundledProduct) -> Option<ProductId>,
        is_deleted: impl Fn(&BundledProduct) -> bool,
    ) -> Faults {
        let mut faults = Faults::default();
        for row in self.products.iter_mut().flat_map(|products| &mut products.rows) {
            let found = find(&row.item);
            if found.is_none() {
                let (code, message) = if is_deleted(&row.item) {
                    ("PRODUCT_DELETED", "is deleted; restore it first, or leave it out")
                } else {
                    ("PRODUCT_NOT_FOUND", "is no product; make it first, or name another")
                };
                let fault = Fault::error(code, message).on(Sheet::Products).at(row.number);
                faults.push(fault.under("name").quoting(&row.item.name));
            }
            row.item.id = found;
        }
        faults
    }

    /// Says that the id of its owner is that of another, and counts for nothing.
    #[must_use]
    pub fn id_of_another(&self, another: &str) -> Faults {
        let mut faults = Faults::default();
        for row in self.info.iter().flat_map(|info| &info.rows) {
            let message = format!(
                "is the id of {another}, and this makes a new one with another id; to change that one, name it in the query"
            );
            faults.push(Fault::warning("ID_OF_ANOTHER", message).on(Sheet::Info).at(row.number).under("id"));
        }
        faults
    }

    /// Leaves of the order of tasks what `is_there`; what stands behind the others moves up.
    pub fn close_ranks(&mut self, is_there: impl Fn(TaskId) -> bool) -> Faults {
        let mut faults = Faults::default();
        for (row, name) in self.dismiss(|task| !task.is_some_and(&is_there)) {
            let message = "is a task of neither the solution nor its products; its place is dropped";
            let fault = Fault::warning("REFERENCE_UNKNOWN", message).on(Sheet::TaskOrder).at(row);
            faults.push(fault.quoting(&name));
        }
        faults
    }

    /// Leaves the tasks of a product that is deleted out of the order of tasks, and says so once.
    pub fn leave_out(&mut self, product: &str, is_its: impl Fn(TaskId) -> bool) -> Faults {
        let mut faults = Faults::default();
        let gone = self.dismiss(|task| task.is_some_and(&is_its));
        if let Some((row, _)) = gone.first() {
            let many = gone.len();
            let message = format!("is of {product}, which is deleted; places of its tasks that are dropped: {many}");
            faults.push(Fault::warning("PRODUCT_DELETED", message).on(Sheet::TaskOrder).at(*row).quoting(product));
        }
        faults
    }

    /// Takes places out of the order of tasks: answers with their rows and names. What stands behind them moves up.
    fn dismiss(&mut self, goes: impl Fn(Option<TaskId>) -> bool) -> Vec<(u32, String)> {
        let mut gone = Vec::new();
        let Some(order) = &mut self.task_order else { return gone };
        order.rows.sort_by_key(|row| row.item.order.unwrap_or(i32::MAX));
        let mut vacant = 0;
        order.rows.retain_mut(|Row { number, item, .. }| {
            let goes = goes(item.id);
            if goes {
                vacant += 1;
                gone.push((*number, std::mem::take(&mut item.name)));
            } else {
                item.order = item.order.map(|place| place - vacant);
            }
            !goes
        });
        gone
    }

    /// Leaves of the product licences that a solution's licences include those that `is_there`.
    pub fn keep_product_licenses(&mut self, is_there: impl Fn(LicenseId) -> bool) -> Faults {
        let mut faults = Faults::default();
        for row in self.licenses.iter_mut().flat_map(|licenses| &mut licenses.rows) {
            let (kept, gone) = std::mem::take(&mut row.item.product_licenses).into_iter().partition(|id| is_there(*id));
            row.item.product_licenses = kept;
            for id in gone {
                let message = "is a licence of none of the solution's products; it is dropped";
                let fault = Fault::warning("REFERENCE_UNKNOWN", message).on(Sheet::Licenses).at(row.number);
                faults.push(fault.under("productLicenseIds").quoting(&id.to_string()));
            }
        }
        faults
    }

    /// How many rows all its tables have.
    #[must_use]
    pub fn rows(&self) -> usize {
        let mut count = Count(0);
        match self.visit(&mut count) {
            Ok(()) => count.0,
            Err(never) => match never {},
        }
    }

    /// Whether it says nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self { kind: self.kind, ..Self::default() }
    }
}

struct Count(usize);

impl Visitor for Count {
    type Error = std::convert::Infallible;

    fn table<T: Kind>(&mut self, table: Option<&Table<T>>) -> Result<(), Self::Error> {
        self.0 += table.map_or(0, |table| table.rows.len());
        Ok(())
    }
}
