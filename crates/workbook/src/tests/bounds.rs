//! How much a file may hold.

use std::io::{Cursor, Write};

use kernel::Hundredths;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::*;

/// The file with one part replaced.
fn with_part(bytes: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..from.len() {
        let part = from.by_index_raw(index).unwrap();
        if part.name().unwrap() != name {
            to.raw_copy_file(part).unwrap();
        }
    }
    to.start_file(name, SimpleFileOptions::default()).unwrap();
    to.write_all(content).unwrap();
    to.finish().unwrap().into_inner()
}

fn small() -> Vec<u8> {
    let tags = [Tag {
        id: None,
        name: "Security".into(),
        color: None,
        description: None,
        display_order: None,
        external_key: None,
    }];
    xlsx::write(&Workbook { tags: Some(Table::from_iter(tags)), ..Workbook::default() }).unwrap()
}

fn codes(bytes: &[u8]) -> Vec<&'static str> {
    xlsx::read(bytes).faults.listed().iter().map(|fault| fault.code).collect()
}

#[test]
fn what_inflates_to_too_much_is_refused() {
    let bomb = with_part(&small(), "xl/worksheets/sheet1.xml", &vec![b' '; 100 << 20]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(codes(&bomb), ["WORKBOOK_TOO_LARGE"]);
    let styles = with_part(&small(), "xl/styles.xml", "<xf/>".repeat(300_000).as_bytes());
    assert_eq!(codes(&styles), ["WORKBOOK_TOO_LARGE"]);
}

#[test]
fn no_memory_is_set_aside_for_what_a_file_only_claims() {
    for count in ["18446744073709551615", "+99999999999", " 4000000000"] {
        let text = format!(
            "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" uniqueCount=\"{count}\"></sst>"
        );
        assert_eq!(codes(&with_part(&small(), "xl/sharedStrings.xml", text.as_bytes())), ["WORKBOOK_TOO_LARGE"]);
    }
    let far = "<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\"><c r=\"A1\" t=\"str\"><v>Tag Name</v></c></row>\
               <row r=\"1048576\"><c r=\"A1048576\" t=\"str\"><v>Late</v></c><c r=\"XFD1048576\"><v>1</v></c></row></sheetData></worksheet>";
    let read = xlsx::read(&with_part(&small(), "xl/worksheets/sheet1.xml", far.as_bytes()));
    assert_eq!(read.faults.listed(), []);
    let rows: Vec<_> = read.workbook.tags.unwrap().rows.into_iter().map(|row| (row.number, row.item.name)).collect();
    assert_eq!(rows, [(1_048_576, "Late".to_owned())]);
}

#[test]
fn a_formula_without_its_result_is_no_empty_cell() {
    let sheet = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"str\"><v>Tag Name</v></c>\
                 <c r=\"B1\" t=\"str\"><v>Description</v></c></row><row r=\"2\"><c r=\"A2\" t=\"str\"><v>Late</v></c>\
                 <c r=\"B2\"><f>1+1</f><v></v></c></row></sheetData></worksheet>";
    let file = with_part(&small(), "xl/worksheets/sheet1.xml", sheet.as_bytes());
    let read = xlsx::read(&file);
    let fault = &read.faults.listed()[0];
    let told = "is a formula whose result the file does not have, which is no value; type it anew";
    assert_eq!((fault.code, fault.message.as_str()), ("CELL_BROKEN", told));
    let lines = grid::xlsx(&file).unwrap();
    assert!(lines[0].cells.is_ok() && lines[1].cells.is_err(), "{lines:?}");
}

#[test]
fn what_is_no_workbook_is_refused() {
    assert_eq!(codes(b"PK"), ["WORKBOOK_UNREADABLE"]);
    assert_eq!(codes(&vec![0; MOST_BYTES + 1]), ["WORKBOOK_TOO_LARGE"]);
    assert_eq!(codes(&with_part(&small(), "xl/worksheets/sheet1.xml", b"<worksheet>")), ["WORKBOOK_UNREADABLE"]);
    let empty = xlsx::write(&Workbook::default()).unwrap();
    assert_eq!(codes(&empty), ["WORKBOOK_EMPTY"]);
}

#[test]
fn a_version_has_no_bounds_and_a_file_says_once_that_it_is_too_large() {
    let tag = |number: usize| Tag {
        id: None,
        name: format!("Tag {number}"),
        color: None,
        description: None,
        display_order: None,
        external_key: None,
    };
    let tags = Some((0..=MOST_ROWS).map(tag).collect());
    let resources = Some(Table::from_iter([Resource { label: "Help".into(), url: "https://help.example.com".into() }]));
    let large = Workbook { tags, resources, ..Workbook::default() };
    let text = json::write_version(&large).to_string();
    let version = json::read_version(text.as_bytes());
    assert_eq!((version.faults.listed(), version.workbook.rows()), (&[][..], MOST_ROWS + 2));
    assert_eq!(codes(&xlsx::write(&large).unwrap()), ["WORKBOOK_TOO_LARGE"]);
}

/// Fifty thousand tasks, written within 256 MiB, read and compared within 160.
#[test]
fn the_largest_workbook_takes_little_memory() {
    let task = |number: usize| Task {
        id: Some(kernel::TaskId::fresh()),
        name: format!("Task {number}"),
        description: Some(format!("Do this before the task {} and see what happens. ", number + 1).repeat(4)),
        weight: Hundredths::ZERO,
        sequence: i32::try_from(number).ok(),
        est_minutes: 30,
        license_level: contracts::catalog::LicenseLevel::Essential,
        notes: Some(format!("Ask for the serial number {number}")),
        how_to_doc: vec![format!("https://docs.example.com/{number}")],
        how_to_video: vec![],
        is_deleted: false,
        outcomes: vec![],
        releases: vec![],
        tags: vec![],
        external_key: None,
    };
    let before = Workbook { tasks: Some((1..=MOST_ROWS).map(task).collect()), ..Workbook::default() };
    let bytes = xlsx::write(&before).unwrap();
    let written = peak();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let read = xlsx::read(&bytes);
    assert_eq!(read.faults.listed(), []);
    let changes = diff(before, read.workbook, true);
    assert_eq!((changes.changes.len(), changes.unchanged), (0, MOST_ROWS));
    println!(
        "{} KiB of file, {} MiB when written, {} MiB when compared",
        bytes.len() >> 10,
        written >> 10,
        peak() >> 10
    );
    assert!(written < 256 << 10 && peak() < 160 << 10, "{written} KiB, {} KiB", peak());
}

#[test]
fn no_more_rows_are_taken_than_may_be() {
    let lines = format!("name\n{}", "x\n".repeat(MOST_ROWS + 1));
    let read = csv::read(lines.as_bytes(), Sheet::Outcomes, OwnerKind::Product);
    assert_eq!(read.workbook.outcomes.unwrap().rows.len(), MOST_ROWS);
    assert_eq!(read.faults.listed()[0].code, "WORKBOOK_TOO_LARGE");
}

/// The most memory that this process has had, in KiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
