//! What an import would do (reference 5.3).

use contracts::catalog::LicenseLevel;
use kernel::{Hundredths, OutcomeId, ProductId, TagId, TaskId};

use super::{diff, sound};
use crate::*;

fn task(name: &str, weight: i32) -> Task {
    Task {
        id: Some(TaskId::fresh()),
        name: name.to_owned(),
        description: None,
        weight: Hundredths(weight),
        sequence: Some(1),
        est_minutes: 30,
        license_level: LicenseLevel::Essential,
        notes: Some("Mind the gap".to_owned()),
        how_to_doc: vec![],
        how_to_video: vec![],
        outcomes: vec!["Speed".to_owned()],
        releases: vec![],
        tags: vec!["Security".to_owned()],
        external_key: None,
        is_deleted: false,
    }
}

fn outcome(name: &str) -> Outcome {
    let id = Some(OutcomeId::fresh());
    Outcome { id, name: name.to_owned(), description: None, display_order: None, external_key: None }
}

/// A product with two tasks, two outcomes and a tag.
fn before() -> Workbook {
    Workbook {
        info: Some(Table::from_iter([Info {
            id: None,
            name: "Harbour".into(),
            description: Some("A port".into()),
            external_key: None,
        }])),
        tasks: Some(Table::from_iter([task("Connect", 5_000), task("Verify", 4_000)])),
        outcomes: Some(Table::from_iter([outcome("Speed"), outcome("Safety")])),
        tags: Some(Table::from_iter([Tag {
            id: Some(TagId::fresh()),
            name: "Security".into(),
            color: None,
            description: None,
            display_order: None,
            external_key: None,
        }])),
        ..Workbook::default()
    }
}

/// The changes, each as a line.
fn lines(diff: &Diff) -> Vec<String> {
    let line = |change: &Change| {
        let verb = match change.action {
            Action::Create => "create",
            Action::Restore => "restore",
            Action::Update => "update",
            Action::Delete => "delete",
        };
        let fields = change.fields.iter().filter(|_| ["restore", "update"].contains(&verb)).map(|field| {
            format!(
                " {}: {} > {}",
                field.key,
                field.before.as_deref().unwrap_or("-"),
                field.after.as_deref().unwrap_or("-")
            )
        });
        format!("{verb} {} {}{}", change.sheet.key(), change.name, fields.collect::<String>())
    };
    diff.changes.iter().map(line).collect()
}

fn codes(diff: &Diff) -> Vec<&'static str> {
    diff.faults.listed().iter().map(|fault| fault.code).collect()
}

#[test]
fn what_a_file_does_not_have_is_left_alone() {
    let before = before();
    let after = sound(Sheet::Outcomes, "name\nspeed\n");
    assert_eq!(lines(&diff(&before, &after, false)), ["update outcomes speed name: Speed > speed"]);
    let asked = diff(&before, &after, true);
    assert_eq!(lines(&asked), ["delete outcomes Safety", "update outcomes speed name: Speed > speed"]);
    assert_eq!(asked.counts()[&Sheet::Outcomes], Counts { updated: 1, deleted: 1, ..Counts::default() });
}

#[test]
fn a_missing_column_and_a_missing_place_are_left_alone() {
    let before = before();
    let after = sound(Sheet::Tasks, "name,weight,estMinutes,sequenceNumber\nCONNECT,50,45,\n");
    let diff = diff(&before, &after, false);
    assert_eq!(lines(&diff), ["update tasks CONNECT name: Connect > CONNECT estMinutes: 30 > 45"]);
    let (Some(Item::Task(old)), Some(Item::Task(new))) = (&diff.changes[0].before, &diff.changes[0].after) else {
        panic!()
    };
    assert_eq!(*new, Task { name: "CONNECT".into(), est_minutes: 45, ..old.clone() });
}

#[test]
fn a_blank_cell_clears_what_may_be_empty() {
    let after = sound(Sheet::Tasks, "name,weight,estMinutes,notes,tags\nConnect,50,30,,\n");
    assert_eq!(
        lines(&diff(&before(), &after, false)),
        ["update tasks Connect notes: Mind the gap > - tags: Security > -"]
    );
}

#[test]
fn an_id_finds_a_row_that_is_renamed_and_tasks_follow() {
    let before = before();
    let mut after = before.clone();
    after.outcomes.as_mut().unwrap().rows[0].item.name = "Tempo".into();
    assert_eq!(lines(&diff(&before, &after, true)), ["update outcomes Tempo name: Speed > Tempo"]);
    after.tasks.as_mut().unwrap().rows[0].item.outcomes = vec!["Tempo".into(), "Safety".into()];
    let both = diff(&before, &after, true);
    assert_eq!(lines(&both)[1], "update tasks Connect outcomes: Tempo > Tempo, Safety");
    assert_eq!(codes(&both), Vec::<&str>::new());
}

#[test]
fn names_that_nothing_has_are_dropped_with_a_warning() {
    let mut after = before();
    after.tasks.as_mut().unwrap().rows[0].item.tags = vec!["SECURITY".into(), "Nothing".into()];
    let same = diff(
        &before(),
        &sound(Sheet::Tasks, "name,weight,estMinutes,tags\nConnect,50,30,\"security, Nothing\"\n"),
        false,
    );
    assert_eq!((lines(&same), codes(&same)), (vec![], vec!["REFERENCE_UNKNOWN"]));
    assert!(same.faults.is_sound());
}

#[test]
fn a_deleted_outcome_leaves_the_tasks() {
    let before = before();
    let mut after = before.clone();
    after.outcomes.as_mut().unwrap().rows.remove(0);
    let diff = diff(&before, &after, true);
    assert_eq!(
        lines(&diff),
        [
            "delete outcomes Speed",
            "update tasks Connect outcomes: Speed > -",
            "update tasks Verify outcomes: Speed > -"
        ]
    );
    assert_eq!(codes(&diff), ["REFERENCE_UNKNOWN", "REFERENCE_UNKNOWN"]);
}

#[test]
fn weights_count_the_tasks_that_the_sheet_does_not_have() {
    let before = before();
    let fits = sound(Sheet::Tasks, "name,weight,estMinutes\nThird,10,30\n");
    assert!(diff(&before, &fits, false).faults.is_sound());
    let over = sound(Sheet::Tasks, "name,weight,estMinutes\nThird,10.01,30\n");
    let refused = diff(&before, &over, false);
    assert_eq!(
        refused.faults.listed()[0].message,
        "the tasks would weigh 100.01 together, 0.01 over 100; lighten some"
    );
    assert_eq!(codes(&refused), ["TOTAL_WEIGHT_EXCEEDED"]);
    assert!(diff(&before, &over, true).faults.is_sound());
}

#[test]
fn a_solution_bundles_a_product_once_and_two_of_one_name() {
    let bundled = |id, order| BundledProduct { id: Some(id), name: "Gate".into(), order, description: None };
    let (one, other) = (ProductId::fresh(), ProductId::fresh());
    let of = |ids: [ProductId; 2]| {
        let products = ids.into_iter().zip(1..).map(|(id, order)| bundled(id, Some(order)));
        Workbook { kind: OwnerKind::Solution, products: Some(products.collect()), ..Workbook::default() }
    };
    let two = of([one, other]);
    let same = diff(&two, &two, true);
    assert_eq!((codes(&same), lines(&same)), (Vec::<&str>::new(), Vec::<String>::new()));
    assert!(codes(&diff(&Workbook::default(), &of([one, one]), false)).contains(&"ROW_TWICE"));
}

#[test]
fn a_name_that_only_one_may_have_is_refused_twice() {
    assert_eq!(codes(&diff(&before(), &sound(Sheet::Tags, "name\nFast\nFAST\n"), false)), ["ROW_TWICE"]);
    assert_eq!(codes(&diff(&before(), &sound(Sheet::Outcomes, "name\nFast\nFAST\n"), false)), Vec::<&str>::new());
    assert_eq!(
        codes(&diff(&before(), &sound(Sheet::Tasks, "name,weight,estMinutes\nA,0,1\nA,0,1\n"), false)),
        ["NAME_TWICE"]
    );
    let before = before();
    let id = before.outcomes.as_ref().unwrap().rows[0].item.id.unwrap();
    let renamed = sound(Sheet::Outcomes, &format!("id,name\n{id},Safety\n"));
    assert_eq!(codes(&diff(&before, &renamed, false)), ["NAME_TAKEN"]);
    let copied = sound(Sheet::Outcomes, &format!("id,name\n{id},Speed\n{id},Tempo\n"));
    assert_eq!(codes(&diff(&before, &copied, false)), ["ID_TWICE"]);
}

#[test]
fn ids_of_another_platform_say_nothing() {
    let after = sound(Sheet::Outcomes, "id,name\nclx0abc,Speed\n00000000-0000-0000-0000-000000000001,Safety\n");
    assert_eq!(lines(&diff(&before(), &after, true)), Vec::<String>::new());
}

#[test]
fn telemetry_is_found_by_task_and_name_and_follows_its_task() {
    let mut before = before();
    let connect = before.tasks.as_ref().unwrap().rows[0].item.clone();
    let first = sound(Sheet::Telemetry, "task,name,dataType,expectedValue,operator\nconnect,users,number,5,gte\n");
    let made = diff(&before, &first, false);
    let Some(Item::TelemetryAttribute(attribute)) = &made.changes[0].after else { panic!() };
    assert_eq!((attribute.task_id, attribute.task.as_str()), (connect.id, "Connect"));
    before.telemetry = Some(Table::from_iter([attribute.clone()]));
    let again = sound(Sheet::Telemetry, "task,name,dataType,expectedValue,operator\nConnect,Users,number,6,\n");
    assert_eq!(
        lines(&diff(&before, &again, true)),
        ["update telemetry Users name: users > Users expectedValue: 5 > 6 operator: gte > equals"]
    );
    let unknown = sound(Sheet::Telemetry, "task,name,dataType\nNowhere,a,string\n");
    assert_eq!(codes(&diff(&before, &unknown, false)), ["TASK_NOT_FOUND"]);
    let mut renamed = before.clone();
    renamed.tasks.as_mut().unwrap().rows[0].item.name = "Plug in".into();
    assert_eq!(lines(&diff(&before, &renamed, true)), ["update tasks Plug in name: Connect > Plug in"]);
}

#[test]
fn two_tasks_of_a_name_are_told_apart_by_their_ids_only() {
    let mut before = before();
    before.tasks = Some(Table::from_iter([task("Connect", 0), task("Connect", 0)]));
    assert_eq!(diff(&before, &before, true).unchanged, 6);
    let after = sound(Sheet::Telemetry, "task,name,dataType\nConnect,a,string\n");
    assert_eq!(codes(&diff(&before, &after, false)), ["REFERENCE_AMBIGUOUS"]);
}

#[test]
fn resources_and_the_owner_are_never_deleted() {
    let mut before = before();
    before.resources = Some(Table::from_iter([Resource { label: "Docs".into(), url: "https://a".into() }]));
    let after = sound(Sheet::Resources, "label,url\nMore,https://b\n");
    assert_eq!(lines(&diff(&before, &after, true)), ["create resources More"]);
    let renamed = sound(Sheet::Info, "Product Name\nHaven\n");
    assert_eq!(renamed.name(), Some("Haven"));
    assert_eq!(lines(&diff(&before, &renamed, true)), ["update info Haven name: Harbour > Haven"]);
    assert_eq!(lines(&diff(&Workbook::default(), &renamed, true)), ["create info Haven"]);
}

#[test]
fn products_of_a_solution_are_looked_up() {
    let mut after = sound(Sheet::Products, "name,order\nHarbour,1\nNowhere,2\n");
    let known = ProductId::fresh();
    let faults = after.find_products(|product| (product.name == "Harbour").then_some(known), |_| false);
    assert_eq!(
        faults.listed()[0].to_string(),
        "Products, row 3, column Product Name: is no product; make it first, or name another"
    );
    assert_eq!(after.products.unwrap().rows[0].item.id, Some(known));
}

#[test]
fn what_is_deleted_comes_back_by_its_id_unless_something_that_is_there_is_meant() {
    let mut before = before();
    let gone = Task { is_deleted: true, sequence: None, ..task("Connect", 2_000) };
    before.tasks.get_or_insert_default().extend([gone.clone()]);
    let file = |task: Task| Workbook { tasks: Some(Table::from_iter([task])), ..Workbook::default() };
    let named = |name: &str| {
        let (name, sequence) = (name.to_owned(), Some(3));
        file(Task { name, sequence, is_deleted: false, ..gone.clone() })
    };
    let asked = diff(&before, &named("Link"), false);
    assert_eq!(lines(&asked), ["restore tasks Link name: Connect > Link sequenceNumber: - > 3"]);
    assert_eq!((codes(&asked), asked.counts()[&Sheet::Tasks].restored), (vec!["TOTAL_WEIGHT_EXCEEDED"], 1));
    let other = diff(&before, &named("Connect"), false);
    assert_eq!(lines(&other), ["update tasks Connect weight: 50 > 20 sequenceNumber: 1 > 3"]);
    let without = file(Task { id: None, ..gone.clone() });
    assert_eq!(
        diff(&before, &without, true).counts()[&Sheet::Tasks],
        Counts { updated: 1, deleted: 1, ..Counts::default() }
    );
}

#[test]
fn an_empty_cell_of_what_cannot_be_empty_leaves_what_is_there() {
    let before = before();
    let file = sound(Sheet::Tasks, "name,weight,estMinutes,licenseLevel,description\nConnect,,,,Anew\nNew,,,,\n");
    let asked = diff(&before, &file, false);
    assert_eq!(lines(&asked), ["update tasks Connect description: - > Anew", "create tasks New"]);
    let Some(Item::Task(made)) = &asked.changes[1].after else { panic!("a task") };
    assert_eq!((made.weight, made.est_minutes), (Hundredths(100), 60));
}

#[test]
fn whoever_stands_behind_a_task_that_is_gone_moves_up() {
    let [first, second, third] = [1, 2, 3].map(|_| TaskId::fresh());
    let places = |places: &[(TaskId, i32)]| {
        let rows =
            places.iter().map(|(id, order)| TaskPlace { id: Some(*id), name: String::new(), order: Some(*order) });
        let mut book = Workbook { task_order: Some(rows.collect()), ..Workbook::default() };
        book.close_ranks(|id| id != second);
        let rows = book.task_order.unwrap_or_default().rows;
        rows.into_iter().map(|row| (row.item.id.unwrap(), row.item.order.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(places(&[(first, 1), (third, 3), (second, 2)]), [(first, 1), (third, 2)]);
    assert_eq!(places(&[(third, 5)]), [(third, 5)], "a file that says something of one task");
    let rows = [first, second, third].into_iter().zip(1..);
    let rows = rows.map(|(id, order)| TaskPlace { id: Some(id), name: String::new(), order: Some(order) });
    let mut book = Workbook { task_order: Some(rows.collect()), ..Workbook::default() };
    assert_eq!(
        book.leave_out("Harbour", |id| id != third).listed()[0].to_string(),
        "Task Order, row 2: is of Harbour, which is deleted; places of its tasks that are dropped: 2"
    );
    assert!(book.leave_out("Harbour", |id| id != third).listed().is_empty());
    assert_eq!(book.task_order.unwrap().rows[0].item.order, Some(1));
}

#[test]
fn a_number_that_a_database_writes_otherwise_is_the_same() {
    let attribute = |criterion| TelemetryAttribute {
        id: None,
        task_id: None,
        task: "Connect".to_owned(),
        name: "bytes".to_owned(),
        data_type: rules::DataType::Number,
        criterion: Some(criterion),
        is_required: true,
        description: None,
        is_active: true,
        display_order: None,
        external_key: None,
    };
    let told = serde_json::json!({
        "type": "number_threshold", "operator": "equals", "threshold": 12_345_678_901_234_567_000_u64,
    });
    let kept = Workbook { telemetry: Some(Table::from_iter([attribute(told)])), ..before() };
    let read = json::read(json::write(&kept).to_string().as_bytes());
    assert_eq!((read.faults.listed(), diff(&kept, &read.workbook, true).changes), (&[][..], vec![]));
}

#[test]
fn a_row_that_is_held_to_its_id_leaves_what_only_has_its_name() {
    let before = before();
    let again =
        Workbook { outcomes: Some(Table::from_iter([outcome("speed"), outcome("Safety")])), ..Workbook::default() };
    let mut held = again.clone();
    held.hold_to(&[again.outcomes.iter().flat_map(Table::items).next().unwrap().id.unwrap().0].into());
    assert_eq!(lines(&diff(&before, &again, true)), ["update outcomes speed name: Speed > speed"]);
    assert_eq!(lines(&diff(&before, &held, true)), ["delete outcomes Speed", "create outcomes speed"]);
}

#[test]
fn a_key_is_claimed_by_whoever_comes_to_have_it_and_let_go_by_whoever_had_it() {
    let mut before = before();
    let mut rows = before.tasks.take().unwrap().rows.into_iter().map(|row| row.item);
    let [first, second] = [rows.next().unwrap(), rows.next().unwrap()];
    let (first, second) = (
        Task { external_key: Some("a".into()), weight: Hundredths(0), ..first },
        Task { external_key: Some("b".into()), weight: Hundredths(0), ..second },
    );
    before.tasks = Some(Table::from_iter([first.clone(), second.clone()]));
    let keys = |a: &str, b: &str| {
        let keyed = |task: &Task, key: &str| Task { external_key: Some(key.into()), ..task.clone() };
        let after = Table::from_iter([keyed(&first, a), keyed(&second, b)]);
        diff(&before, &Workbook { tasks: Some(after), ..Workbook::default() }, false)
    };
    assert_eq!(keys("a", "b").claims, Claims::default());
    assert_eq!(codes(&keys("c", "c")), ["EXTERNAL_KEY_TWICE"]);
    let swapped = keys("b", "a").claims.external_keys;
    assert_eq!(swapped[0].values().collect::<Vec<_>>(), ["b", "a"]);
    let [mine, yours] = [("a".to_owned(), first.id.unwrap().0), ("b".to_owned(), second.id.unwrap().0)];
    assert!(swapped[0].against(&[mine.clone(), yours.clone()]).is_sound());
    let doubled = keys("b", "b").claims.external_keys;
    assert_eq!(
        doubled[0].against(&[mine, yours]).listed()[0].to_string(),
        "Tasks, row 2, column External Key: is what another has; choose another, or change that one first"
    );
    let id = uuid::Uuid::from_u128(1);
    let named = |name: &str| Info { id: Some(id), name: name.into(), description: None, external_key: None };
    let owner = |name: &str| Workbook { info: Some(Table::from_iter([named(name)])), ..Workbook::default() };
    let name = diff(&owner("Harbour"), &owner("HARBOUR"), false).claims.name.unwrap();
    assert!(name.against(&[("HARBOUR".to_owned(), id)]).is_sound(), "it is its own");
    assert_eq!(name.against(&[("HARBOUR".to_owned(), uuid::Uuid::nil())]).listed()[0].code, "NAME_TAKEN");
}
