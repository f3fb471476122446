//! What a person should know who edits a workbook.

/// The lines of the sheet Instructions.
pub(super) const LINES: &[&str] = &[
    "How to edit this workbook",
    "",
    "A row is a thing. Change its cells to change it; add a row to make one. The import shows what it would do before it does it.",
    "A row that you delete is deleted only if you ask for that at the import. A sheet or a column that you delete is left alone.",
    "Hidden columns hold ids: they let you rename things. Leave them empty in new rows.",
    "",
    "Product Info or Solution Info: the name finds the product or the solution; another name makes a new one.",
    "Tasks: the weights sum to 100 at most. In a new row a weight left empty is 1, Est. Minutes 60, License Level Essential.",
    "An empty Weight, Est. Minutes, License Level, Active or Required in a row that is there already leaves what it is.",
    "Tasks: How To Doc and How To Video hold one address per line (Alt+Enter).",
    "Tasks: Outcomes, Releases and Tags hold names with commas between them. A name with a comma stands in quotation marks: \"Faster, cheaper\".",
    "Licenses: the level is a whole number from 1 to 10; 1 is Essential, 2 Advantage, 3 Signature.",
    "Releases: the level is a number such as 1.1; higher is later.",
    "Tags: the colour is written like #2B7A4B.",
    "Custom Attributes: a date is written like 2026-01-31.",
    "Telemetry: Operator is one of equals, gt, gte, lt, lte, contains, not_null, within_days. Without Operator and Expected Value the values are only recorded.",
    "Telemetry: Criterion holds as JSON what an operator cannot say. Clear it to use Operator and Expected Value.",
    "A column such as How To Doc (2) goes on where a cell was full.",
];
