//! The kinds of rows: what each says, and how it stands in its sheet.

pub(crate) mod criterion;
pub(crate) mod custom_attributes;
pub(crate) mod info;
pub(crate) mod licenses;
pub(crate) mod outcomes;
pub(crate) mod products;
pub(crate) mod releases;
pub(crate) mod resources;
pub(crate) mod tags;
pub(crate) mod task_order;
pub(crate) mod tasks;
pub(crate) mod telemetry;

pub use custom_attributes::CustomAttribute;
pub use info::Info;
pub use licenses::License;
pub use outcomes::Outcome;
pub use products::BundledProduct;
pub use releases::Release;
pub use resources::Resource;
pub use tags::Tag;
pub use task_order::TaskPlace;
pub use tasks::Task;
pub use telemetry::TelemetryAttribute;

/// The table of a kind of row in a workbook.
macro_rules! in_sheet {
    ($sheet:ident as $field:ident) => {
        const SHEET: crate::sheet::Sheet = crate::sheet::Sheet::$sheet;

        fn slot(workbook: &mut crate::Workbook) -> &mut Option<crate::Table<Self>> {
            &mut workbook.$field
        }
    };
}
use in_sheet;
