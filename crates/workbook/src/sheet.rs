//! The sheets of a workbook and their columns.

use serde::Serialize;

use crate::rows;

/// A sheet, and with it a kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Sheet {
    /// The product or the solution itself.
    Info,
    /// The products that a solution bundles.
    Products,
    /// The adoption steps.
    Tasks,
    /// Licences.
    Licenses,
    /// Outcomes.
    Outcomes,
    /// Releases.
    Releases,
    /// Tags.
    Tags,
    /// Custom attributes.
    CustomAttributes,
    /// Links that help.
    Resources,
    /// Telemetry attributes of the tasks.
    Telemetry,
    /// The order of a solution's tasks, its own and those of its products.
    TaskOrder,
}

impl Sheet {
    /// Every sheet, in the order of a workbook.
    pub const ALL: [Self; 11] = [
        Self::Info,
        Self::Products,
        Self::Tasks,
        Self::Licenses,
        Self::Outcomes,
        Self::Releases,
        Self::Tags,
        Self::CustomAttributes,
        Self::Resources,
        Self::Telemetry,
        Self::TaskOrder,
    ];

    /// What a person calls it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Info => "Info",
            Self::Products => "Products",
            Self::Tasks => "Tasks",
            Self::Licenses => "Licenses",
            Self::Outcomes => "Outcomes",
            Self::Releases => "Releases",
            Self::Tags => "Tags",
            Self::CustomAttributes => "Custom Attributes",
            Self::Resources => "Resources",
            Self::Telemetry => "Telemetry",
            Self::TaskOrder => "Task Order",
        }
    }

    /// What JSON calls it.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Products => "products",
            Self::Tasks => "tasks",
            Self::Licenses => "licenses",
            Self::Outcomes => "outcomes",
            Self::Releases => "releases",
            Self::Tags => "tags",
            Self::CustomAttributes => "customAttributes",
            Self::Resources => "resources",
            Self::Telemetry => "telemetry",
            Self::TaskOrder => "taskOrder",
        }
    }

    /// The sheet that somebody means, whatever the case of the letters.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = fold(name);
        let info = ["product info", "solution info"].contains(&name.as_str()).then_some(Self::Info);
        info.or_else(|| Self::ALL.into_iter().find(|sheet| fold(sheet.label()) == name || fold(sheet.key()) == name))
    }

    /// Its columns, in order.
    pub(crate) const fn columns(self) -> &'static [Column] {
        match self {
            Self::Info => rows::info::COLUMNS,
            Self::Products => rows::products::COLUMNS,
            Self::Tasks => rows::tasks::COLUMNS,
            Self::Licenses => rows::licenses::COLUMNS,
            Self::Outcomes => rows::outcomes::COLUMNS,
            Self::Releases => rows::releases::COLUMNS,
            Self::Tags => rows::tags::COLUMNS,
            Self::CustomAttributes => rows::custom_attributes::COLUMNS,
            Self::Resources => rows::resources::COLUMNS,
            Self::Telemetry => rows::telemetry::COLUMNS,
            Self::TaskOrder => rows::task_order::COLUMNS,
        }
    }

    /// Whether its rows are of things that belong to others: each has an id though it is new here.
    pub(crate) const fn lists_others(self) -> bool {
        matches!(self, Self::Products | Self::TaskOrder)
    }

    /// The columns of a file that people edit; none when no such file has the sheet.
    pub(crate) fn edited(self) -> &'static [Column] {
        let columns = self.columns();
        columns.split_at(columns.partition_point(|column| !column.only_in_versions)).0
    }
}

/// A name as names are compared: without blanks around it and whatever the case of its letters.
pub(crate) fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// How the cells of a column are written and compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// An id: hidden, and no content.
    Id,
    /// A line of text.
    Text,
    /// A text of several lines.
    Long,
    /// A number between two.
    Number(f64, f64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A value of its own type, or text that holds JSON.
    Json,
    /// True or false.
    Flag,
    /// `#RRGGBB`.
    Color,
    /// Several texts, each on its line.
    Lines,
    /// Several names with commas between them.
    Names,
    /// Tells the reader something, and is not read back.
    Remark,
}

/// A column of a sheet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Its heading.
    pub(crate) label: &'static str,
    /// Its name in JSON and CSV.
    pub(crate) key: &'static str,
    /// Other headings it goes by.
    pub(crate) also: &'static [&'static str],
    /// How its cells are written and compared.
    pub(crate) form: Form,
    /// Without it the sheet cannot be read.
    pub(crate) needed: bool,
    /// A blank cell leaves what is there.
    pub(crate) keeps: bool,
    /// It is read wherever it stands, and written only for a version: what people edit has no room for it. Such columns are
    /// the last ones of their sheet.
    pub(crate) only_in_versions: bool,
}

impl Column {
    /// The caller's own key. A copy of the owner could not have it too, so that only a version keeps it.
    pub(crate) const EXTERNAL_KEY: Self = Self::new("External Key", "externalKey", Form::Text).only_in_versions();
    /// A place in a list that its author numbers freely.
    pub(crate) const PLACE: Self =
        Self::new("Display Order", "displayOrder", Form::Number(1.0, 2_147_483_647.0)).keeps();

    pub(crate) const fn new(label: &'static str, key: &'static str, form: Form) -> Self {
        Self { label, key, also: &[], form, needed: false, keeps: false, only_in_versions: false }
    }

    pub(crate) const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    pub(crate) const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }

    pub(crate) const fn keeps(self) -> Self {
        Self { keeps: true, ..self }
    }

    pub(crate) const fn only_in_versions(self) -> Self {
        Self { only_in_versions: true, ..self }
    }

    /// Whether a heading means this column.
    pub(crate) fn is_named(&self, heading: &str) -> bool {
        let heading = heading.trim().trim_end_matches('*').trim_end();
        [self.label, self.key].iter().chain(self.also).any(|name| heading.eq_ignore_ascii_case(name))
    }

    /// Whether a difference here is a change.
    pub(crate) fn counts(&self) -> bool {
        !matches!(self.form, Form::Id | Form::Remark)
    }
}
