//! What is wrong with a cell, and where (reference 5.1).

use contracts::catalog::{CustomDataType, LicenseLevel};
use kernel::Hundredths;
use serde_json::json;

use super::{sheet, sound};
use crate::*;

fn faults(name: Sheet, lines: &str) -> Vec<String> {
    sheet(name, lines).faults.listed().iter().map(ToString::to_string).collect()
}

#[test]
fn a_fault_says_where_a_person_finds_it() {
    let read = sheet(Sheet::Tasks, "Task Name,Weight,Est. Minutes\nConnect,10,5\n\nVerify,heavy,5\n");
    let fault = &read.faults.listed()[0];
    assert_eq!(fault.to_string(), "Tasks, row 3, column Weight: is not a number; write it like 12.5");
    assert_eq!((fault.code, fault.value.as_deref()), ("CELL_NUMBER", Some("heavy")));
    assert_eq!(fault.pointer(), "/tasks/1/weight");
    assert!(!read.faults.is_sound());
    assert_eq!(read.workbook.tasks.unwrap().rows.len(), 1);
}

#[test]
fn blank_cells_have_the_defaults_of_the_reference() {
    let workbook = sound(
        Sheet::Tasks,
        "name,weight,estMinutes,licenseLevel,sequenceNumber\n Connect ,,,,\nVerify,2.5,0,SIGNATURE,7\n",
    );
    let tasks: Vec<Task> = workbook.tasks.unwrap().items().cloned().collect();
    let first = &tasks[0];
    assert_eq!((first.name.as_str(), first.weight, first.est_minutes), ("Connect", Hundredths(100), 60));
    assert_eq!((first.license_level, first.sequence), (LicenseLevel::Essential, None));
    assert_eq!((tasks[1].license_level, tasks[1].sequence), (LicenseLevel::Signature, Some(7)));
    let tags = sound(Sheet::Tags, "Tag Name\nSecurity\n").tags.unwrap();
    assert_eq!(tags.items().next().unwrap().color, None);
}

#[test]
fn a_number_has_a_comma_before_its_decimal_places_where_none_stands_between_the_cells() {
    for table in [
        "Task Name;Weight;Est. Minutes\nConnect, then test;12,5;30\n",
        "name\tweight\testMinutes\nConnect, then test\t12,5\t30\n",
        "sep=;\r\nname;weight;estMinutes\r\n\"Connect, then test\";12,5;30\r\n",
        "\u{feff}SEP=\t\nname\tweight\testMinutes\nConnect, then test\t12,5\t30\n",
        "sep=|\nname|weight|estMinutes\nConnect, then test|12,5|30\n",
    ] {
        let tasks: Vec<Task> = sound(Sheet::Tasks, table).tasks.unwrap().items().cloned().collect();
        let task = &tasks[0];
        assert_eq!((task.name.as_str(), task.weight, task.est_minutes), ("Connect, then test", Hundredths(1_250), 30));
    }
    for (table, fault) in [
        ("name,weight,estMinutes\nConnect,\"12,5\",30\n", "is not a number; write it like 12.5"),
        ("name;weight;estMinutes\nConnect;1.012,5;30\n", "is not a number; write it like 12.5"),
        ("name;weight;estMinutes\nConnect;12,5;1,5\n", "is 1.5; give a whole number"),
        (
            "sep=;\nname;weight;estMinutes\nConnect;12,5;1,5\n",
            "Tasks, row 2, column Est. Minutes: is 1.5; give a whole number",
        ),
    ] {
        assert!(faults(Sheet::Tasks, table)[0].ends_with(fault), "{table}");
    }
    let typed =
        sound(Sheet::CustomAttributes, "key;value;dataType\nn;1,5;Number\nt;1,5;Text\n").custom_attributes.unwrap();
    assert_eq!(typed.items().map(|row| row.value.as_deref()).collect::<Vec<_>>(), [Some("1.5"), Some("1,5")]);
    let proof = "task;name;dataType;operator;expectedValue\nConnect;sites;number;gte;10,5\n";
    assert!(sound(Sheet::Telemetry, proof).telemetry.unwrap().items().all(|row| row.criterion.is_some()));
    assert_eq!(sheet(Sheet::Tags, "name;\"color\";\"x, y, z\"\nNew;#112233;\n").workbook.tags.unwrap().rows.len(), 1);
}

#[test]
fn a_name_is_one_line_that_people_see_and_a_row_has_no_more_cells_than_headings() {
    for (name, code) in [("\"A;1\nB\"", "CELL_LINE_BREAK"), ("A\u{200b}", "CELL_UNSEEN_CHARACTER")] {
        let read = sheet(Sheet::Tags, &format!("name,color\n{name},\n"));
        assert_eq!(read.faults.listed().iter().map(|fault| fault.code).collect::<Vec<_>>(), [code]);
    }
    let read = sheet(Sheet::Tags, "name,color\nOld,,lost\n");
    let codes: Vec<_> = read.faults.listed().iter().map(|fault| (fault.code, fault.severity)).collect();
    assert_eq!(codes, [("CELLS_LEFT_OVER", Severity::Warning)]);
}

#[test]
fn every_bound_is_kept() {
    let tasks = "name,weight,estMinutes,sequenceNumber,licenseLevel,howToDoc\n\
                 ,1,1,1,Essential,\n\
                 a,100.01,1,1,Essential,\n\
                 a,0.005,1,1,Essential,\n\
                 a,1,1.5,1,Essential,\n\
                 a,1,-1,1,Essential,\n\
                 a,1,1,0,Essential,\n\
                 a,1,1,1,Gold,\n\
                 a,1,1,1,Essential,ftp://x\n";
    assert_eq!(
        faults(Sheet::Tasks, tasks),
        [
            "Tasks, row 2, column Task Name: is empty; give 1 to 255 characters",
            "Tasks, row 3, column Weight: is 100.01; give 0 to 100",
            "Tasks, row 4, column Weight: 0.005 has more than two decimal places",
            "Tasks, row 5, column Est. Minutes: is 1.5; give a whole number",
            "Tasks, row 6, column Est. Minutes: is -1; give 0 to 1000000",
            "Tasks, row 7, column Sequence: is 0; give 1 to 2147483647",
            "Tasks, row 8, column License Level: is none of Essential, Advantage, Signature; choose one",
            "Tasks, row 9, column How To Doc: is not an http or https address",
        ]
    );
    assert_eq!(
        faults(Sheet::Licenses, "name,level\na,11\nb,1\n"),
        ["Licenses, row 2, column Level: is 11; give 1 to 10"]
    );
    assert_eq!(
        faults(Sheet::Releases, "name,level\na,1.1\nb,\n"),
        ["Releases, row 3, column Level: is empty; give a value"]
    );
    assert_eq!(faults(Sheet::Tags, "name,color\na,grey\nb,#80808g\n").len(), 2);
    let long = format!("name\n{}\n", "x".repeat(256));
    assert_eq!(
        faults(Sheet::Outcomes, &long),
        ["Outcomes, row 2, column Outcome Name: has 256 characters; give 1 to 255, not only blanks"]
    );
    assert_eq!(faults(Sheet::Resources, "label,url\nDocs,javascript:alert(1)\n").len(), 1);
}

#[test]
fn columns_are_known_by_any_case_and_needed_ones_are_missed() {
    sound(Sheet::Outcomes, "ID;OUTCOME NAME*;description\n;Speed;More\n");
    assert_eq!(
        faults(Sheet::Licenses, "License Name\nGold\n"),
        ["Licenses, row 1, column Level: has no column Level; add it, or delete the sheet to leave its rows alone"]
    );
    assert_eq!(faults(Sheet::Tasks, "name,weight\na,1\n").len(), 1);
    let read = sheet(Sheet::Tags, "name,Priority\na,1\n");
    assert!(read.faults.is_sound());
    assert_eq!(read.faults.listed()[0].code, "COLUMN_UNKNOWN");
    assert_eq!(sheet(Sheet::Tags, "name,Tag Name,tag name\na,b,c\n").faults.listed()[0].code, "COLUMN_TWICE");
}

#[test]
fn operators_become_criteria() {
    let rows = [
        (
            "string",
            "Yes",
            "",
            json!({ "type": "string_match", "mode": "exact", "pattern": "Yes", "caseSensitive": false }),
        ),
        (
            "string",
            "a",
            "Contains",
            json!({ "type": "string_match", "mode": "contains", "pattern": "a", "caseSensitive": false }),
        ),
        ("string", "", "not_null", json!({ "type": "string_not_null" })),
        (
            "number",
            "100",
            ">=",
            json!({ "type": "number_threshold", "operator": "greater_than_or_equal", "threshold": 100 }),
        ),
        (
            "number",
            "1.5",
            "less_than",
            json!({ "type": "number_threshold", "operator": "less_than", "threshold": 1.5 }),
        ),
        ("percentage", "80", "gt", json!({ "type": "number_threshold", "operator": "greater_than", "threshold": 80 })),
        ("boolean", "1", "equals", json!({ "type": "boolean_flag", "expectedValue": true })),
        ("Timestamp", "", "not_null", json!({ "type": "timestamp_not_null" })),
        (
            "date",
            "30",
            "within_days",
            json!({ "type": "timestamp_comparison", "mode": "within_days", "referenceTime": "now", "withinDays": 30 }),
        ),
        ("json", "", "", json!(null)),
    ];
    for (data_type, expected, operator, criterion) in rows {
        let lines =
            format!("Task Name,Attribute Name,Type,Expected Value,Operator\nt,a,{data_type},{expected},{operator}\n");
        let telemetry = sound(Sheet::Telemetry, &lines).telemetry.unwrap();
        let attribute = telemetry.items().next().unwrap();
        assert_eq!(json!(attribute.criterion), criterion, "{lines}");
        assert!(attribute.is_required && attribute.is_active);
    }
}

#[test]
fn a_criterion_that_makes_no_sense_is_refused_and_not_guessed() {
    let line = |line: &str| {
        let lines = format!("task,name,dataType,expectedValue,operator,criterion\n{line}\n");
        sheet(Sheet::Telemetry, &lines).faults.listed().iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    assert_eq!(line("t,a,number,many,gt,"), ["CRITERION_INVALID"]);
    assert_eq!(line("t,a,number,5,above,"), ["CRITERION_INVALID"]);
    assert_eq!(line("t,a,boolean,maybe,,"), ["CRITERION_INVALID"]);
    assert_eq!(line("t,a,timestamp,soon,within_days,"), ["CRITERION_INVALID"]);
    assert_eq!(line("t,a,string,,contains,"), ["CRITERION_INVALID"]);
    assert_eq!(line("t,a,number,,,{"), ["CRITERION_INVALID"]);
    assert_eq!(line("t,a,text,,,"), ["CELL_UNKNOWN_WORD"]);
    assert_eq!(line("t,a,timestamp,2026,equals,"), ["CRITERION_READ_AS"]);
    assert_eq!(line("t,a,json,5,gt,"), ["CRITERION_READ_AS"]);
    assert_eq!(line("t,a,number,5,gt,\"{\"\"operator\"\":\"\">\"\",\"\"value\"\":5}\""), ["CRITERION_TWICE"]);
}

#[test]
fn a_custom_value_fits_its_type() {
    let lines = "key,value,dataType,isRequired\na,gold,,\nb,2026-02-30,Date,\nc,x,Number,\nd,yes,Boolean,\ne,{,JSON,\nf,,Text,true\n";
    let read = sheet(Sheet::CustomAttributes, lines);
    let rows: Vec<u32> = read.faults.listed().iter().filter_map(|fault| fault.row).collect();
    assert_eq!(rows, [3, 4, 6, 7]);
    let sound: Vec<_> = read.workbook.custom_attributes.unwrap().rows.into_iter().map(|row| row.item).collect();
    assert_eq!(sound.iter().map(CustomAttribute::json).collect::<Vec<_>>(), ["\"gold\"", "true"]);
    assert_eq!(CustomAttribute::shown("\"gold\"", CustomDataType::Text).as_deref(), Some("gold"));
    assert_eq!(CustomAttribute::shown("1.10", CustomDataType::Number).as_deref(), Some("1.10"));
    assert_eq!(CustomAttribute::shown("null", CustomDataType::Json), None);
    assert_eq!(CustomAttribute::shown("\"null\"", CustomDataType::Json).as_deref(), Some("\"null\""));
}

#[test]
fn json_has_the_same_faults_at_its_places() {
    let json = br#"{"kind":"SOLUTION","tasks":[{"name":"a","weight":1},{"name":"b","weight":101}],"plans":[]}"#;
    let read = json::read(json);
    let places: Vec<_> = read.faults.listed().iter().map(|fault| (fault.code, fault.pointer())).collect();
    assert_eq!(places, [("CELL_OUT_OF_RANGE", "/tasks/1/weight".to_owned()), ("SHEET_UNKNOWN", String::new())]);
    assert_eq!(read.workbook.kind, OwnerKind::Solution);
    assert!(read.workbook.outcomes.is_none());
    let json = br#"{"tags":[5,{"name":"a","color":{},"description":["x"]},{"name":"b"},null,{"name":5}],"tasks":[{"weight":"x"}]}"#;
    let read = json::read(json);
    let places: Vec<_> = read.faults.listed().iter().map(ToString::to_string).collect();
    let expected = [
        "Tags, row 2: is no object with a field for each column",
        "Tags, row 3, column Color: is an object, which is no value; type it anew",
        "Tags, row 3, column Description: is a list, which is no value; type it anew",
        "Tags, row 5: is no object with a field for each column",
        "Tasks, row 2, column Task Name: is empty; give 1 to 255 characters",
        "Tasks, row 2, column Weight: is not a number; write it like 12.5",
    ];
    assert_eq!(
        (places.as_slice(), read.faults.listed()[3].pointer().as_str()),
        (&expected.map(str::to_owned)[..], "/tags/3")
    );
    assert_eq!(read.workbook.tags.unwrap().items().map(|tag| tag.name.clone()).collect::<Vec<_>>(), ["b", "5"]);
    assert_eq!(json::read(b"{\"tasks\": 5}").faults.listed()[0].code, "WORKBOOK_UNREADABLE");
    assert_eq!(json::read(b"{} x").faults.errors(), 1);
}
