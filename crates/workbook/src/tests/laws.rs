//! What holds of every workbook.

use proptest::prelude::*;

use super::any::workbook;
use super::diff;
use crate::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn an_unedited_workbook_changes_nothing(before in workbook()) {
        let read = xlsx::read(&xlsx::write(&before).unwrap());
        prop_assert_eq!(read.faults.listed(), []);
        prop_assert_eq!(&read.workbook, &json::read(json::write(&before).to_string().as_bytes()).workbook);
        let diff = diff(&before, &read.workbook, true);
        prop_assert_eq!(diff.changes, []);
        prop_assert!(diff.faults.is_sound(), "{:?}", diff.faults);
    }

    #[test]
    fn json_and_csv_say_the_same(before in workbook()) {
        let read = json::read(json::write(&before).to_string().as_bytes());
        prop_assert_eq!(read.faults.listed(), []);
        prop_assert_eq!(diff(&before, &read.workbook, true).changes, []);
        for sheet in Sheet::ALL {
            let read = csv::read(&csv::write(&before, sheet).unwrap(), sheet, before.kind);
            prop_assert_eq!(read.faults.listed(), []);
            prop_assert_eq!(diff(&before, &read.workbook, true).changes, []);
        }
    }

    #[test]
    fn a_version_keeps_everything(before in workbook()) {
        let read = json::read_version(json::write_version(&before).to_string().as_bytes());
        prop_assert_eq!(read.faults.listed(), []);
        prop_assert_eq!(&read.workbook, &before);
    }

    #[test]
    fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,60}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            prop_assert!(!xlsx::read(bytes).faults.is_sound());
            drop(json::read(bytes));
            Sheet::ALL.into_iter().for_each(|sheet| drop(csv::read(bytes, sheet, OwnerKind::Product)));
        }
    }

    #[test]
    fn no_damage_makes_a_panic(before in workbook(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = xlsx::write(&before).unwrap();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        drop(xlsx::read(&bytes));
    }
}
