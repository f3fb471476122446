//! Looks into a file before it is read: a small file can inflate to more than there is memory.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::MOST_BYTES;
use crate::fault::Fault;

/// The most parts of a file.
const MOST_PARTS: usize = 1_000;
/// The most bytes that all parts inflate to.
const MOST_INFLATED: u64 = 96 << 20;
/// The most tags of all sheets, and of the texts they share.
const MOST_TAGS: u64 = 8_000_000;
/// The most tags of the other parts: styles and the like are kept in memory whole.
const MOST_SMALL_TAGS: u64 = 200_000;
/// The most bytes between two tags.
const LONGEST_RUN: u64 = 1 << 20;
/// The most texts that sheets say they share: memory is set aside for so many.
const MOST_TEXTS: u64 = 2_000_000;

/// Refuses what is no workbook, or a larger one than may be.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.len() > MOST_BYTES {
        return Err(too_large(format!("The file has more than {} MiB.", MOST_BYTES >> 20)));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
    if archive.len() > MOST_PARTS {
        return Err(too_large(format!("The file has more than {MOST_PARTS} parts.")));
    }
    let mut seen = Seen::default();
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| unreadable())?;
        let name = part.name().map_err(|_| unreadable())?.to_ascii_lowercase();
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let large = name == "sharedstrings.xml" || (name.starts_with("sheet") && name.ends_with(".xml"));
        let is_xml = name.ends_with(".xml") || name.ends_with(".rels") || large;
        seen.part(part, large, is_xml)?;
    }
    Ok(())
}

/// What the parts of a file hold together.
#[derive(Default)]
struct Seen {
    inflated: u64,
    tags: u64,
    small_tags: u64,
}

impl Seen {
    fn part(&mut self, mut part: impl Read, large: bool, is_xml: bool) -> Result<(), Fault> {
        let mut scan = Scan::default();
        let mut buffer = [0; 16 * 1024];
        loop {
            let length = part.read(&mut buffer).map_err(|_| unreadable())?;
            if length == 0 {
                return Ok(());
            }
            self.inflated += u64::try_from(length).unwrap_or(u64::MAX);
            for &byte in buffer.iter().take(length) {
                if scan.byte(byte) {
                    *(if large { &mut self.tags } else { &mut self.small_tags }) += 1;
                }
            }
            if is_xml && scan.binary {
                return Err(unreadable());
            }
            let long = scan.longest > LONGEST_RUN && is_xml;
            let many =
                self.tags > MOST_TAGS || (self.small_tags > MOST_SMALL_TAGS && is_xml) || scan.texts > MOST_TEXTS;
            if self.inflated > MOST_INFLATED || long || many {
                return Err(too_large(format!(
                    "The file inflates to more than {} MiB or too many cells.",
                    MOST_INFLATED >> 20
                )));
            }
        }
    }
}

/// A part, byte by byte.
#[derive(Default)]
struct Scan {
    run: u64,
    longest: u64,
    /// A byte that no XML in UTF-8 has.
    binary: bool,
    matched: usize,
    /// The largest number of texts that it says it has.
    texts: u64,
    number: Option<u64>,
}

/// How a part says how many texts it has.
const COUNT: &[u8] = b"uniqueCount";

impl Scan {
    /// Takes a byte; true when it begins a tag.
    fn byte(&mut self, byte: u8) -> bool {
        let tag = byte == b'<';
        self.run = if tag { 0 } else { self.run + 1 };
        self.longest = self.longest.max(self.run);
        self.binary |= byte == 0;
        self.count(byte);
        tag
    }

    /// Follows `uniqueCount="12"`, whatever stands between the name and the digits.
    fn count(&mut self, byte: u8) {
        if let Some(number) = self.number {
            match byte {
                b'0'..=b'9' => {
                    self.number = Some(number.saturating_mul(10).saturating_add(u64::from(byte - b'0')));
                    self.texts = self.texts.max(self.number.unwrap_or_default());
                }
                b'=' | b'"' | b'\'' | b' ' | b'\t' | b'\r' | b'\n' | b'+' if number == 0 => {}
                _ => self.number = None,
            }
        }
        self.matched = match COUNT.get(self.matched) {
            Some(&expected) if expected == byte => self.matched + 1,
            _ => usize::from(byte == b'u'),
        };
        if self.matched == COUNT.len() {
            (self.matched, self.number) = (0, Some(0));
        }
    }
}

fn too_large(message: String) -> Fault {
    Fault::error("WORKBOOK_TOO_LARGE", format!("{message} Split it by its sheets."))
}

/// The file is none of ours.
pub(crate) fn unreadable() -> Fault {
    let message = "The file is not an Excel workbook that can be read; save it as .xlsx, without a password.";
    Fault::error("WORKBOOK_UNREADABLE", message)
}
