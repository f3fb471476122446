//! Reads the cells of a row one after another, in the order of its columns, and notes what is wrong with them.

use std::iter::{Peekable, Zip};

use kernel::{Check, Hundredths};
use uuid::Uuid;

use crate::cell::Cell;
use crate::fault::{Fault, Faults};
use crate::sheet::{Column, Form, Sheet};

/// The longest description and the longest notes.
pub(crate) const LONG: usize = 5_000;
/// The longest external key.
pub(crate) const KEY: usize = 200;
/// The most links of a list.
const MOST_LINKS: usize = 100;
/// The most names of a list.
const MOST_NAMES: usize = 200;

/// The cells of a row that are still to be read.
pub(crate) struct Fields<'a> {
    sheet: Sheet,
    row: u32,
    cells: Peekable<Zip<std::slice::Iter<'static, Column>, std::vec::IntoIter<Cell>>>,
    faults: &'a mut Faults,
    sound: bool,
}

impl<'a> Fields<'a> {
    /// The cells of a row, one for each column of its sheet.
    pub(crate) fn new(sheet: Sheet, row: u32, cells: Vec<Cell>, faults: &'a mut Faults) -> Self {
        Self { sheet, row, cells: sheet.columns().iter().zip(cells).peekable(), faults, sound: true }
    }

    /// Whether nothing is wrong with the row.
    pub(crate) const fn is_sound(&self) -> bool {
        self.sound
    }

    /// Notes a fault in a column.
    pub(crate) fn refuse(&mut self, key: &'static str, code: &'static str, cell: &str, message: impl Into<String>) {
        self.sound = false;
        self.faults.push(Fault::error(code, message).on(self.sheet).at(self.row).under(key).quoting(cell));
    }

    /// Notes something to look at in a column.
    pub(crate) fn warn(&mut self, key: &'static str, code: &'static str, cell: &str, message: impl Into<String>) {
        self.faults.push(Fault::warning(code, message).on(self.sheet).at(self.row).under(key).quoting(cell));
    }

    /// The next cell as it is; a broken one counts as blank.
    pub(crate) fn cell(&mut self) -> (&'static str, Form, Cell) {
        let Some((column, cell)) = self.cells.next() else { return ("", Form::Text, Cell::Blank) };
        if let Cell::Broken(what) = cell {
            self.refuse(column.key, "CELL_BROKEN", &what, format!("is {what}, which is no value; type it anew"));
            return (column.key, column.form, Cell::Blank);
        }
        (column.key, column.form, if cell.is_blank() && cell.bytes() == 0 { Cell::Blank } else { cell })
    }

    /// The next cell as text without blanks around it; none when there is nothing else.
    fn trimmed(&mut self) -> (&'static str, Form, Option<String>) {
        let (key, form, cell) = self.cell();
        let text = cell.shown(form).trim().to_owned();
        (key, form, Some(text).filter(|text| !text.is_empty()))
    }

    /// Holds a text against the rules that the catalog has for it.
    fn check(&mut self, key: &'static str, text: &str, rule: impl FnOnce(&mut Check)) {
        let mut check = Check::new();
        rule(&mut check);
        if let Err(problem) = check.finish() {
            for error in problem.errors() {
                let code = match error.code.as_str() {
                    "LENGTH" => "CELL_LENGTH",
                    "URL" => "CELL_URL",
                    "CONTROL_CHARACTER" => "CELL_CONTROL_CHARACTER",
                    "LINE_BREAK" => "CELL_LINE_BREAK",
                    "UNSEEN_CHARACTER" => "CELL_UNSEEN_CHARACTER",
                    _ => "CELL_INVALID",
                };
                self.refuse(key, code, text, error.detail.clone());
            }
        }
    }

    /// What `read` makes of the next cell, which may not be blank.
    pub(crate) fn required<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let blank = self.cells.peek().filter(|(_, cell)| cell.is_blank()).map(|(column, _)| column.key);
        if let Some(key) = blank {
            self.refuse(key, "CELL_REQUIRED", "", "is empty; give a value");
        }
        read(self)
    }

    /// An id. What is none (another platform's, or mistyped) says nothing: the row's name finds it.
    pub(crate) fn id<Id: From<Uuid>>(&mut self) -> Option<Id> {
        let (_, _, text) = self.trimmed();
        text.and_then(|text| text.parse::<Uuid>().ok()).map(Id::from)
    }

    /// Ids in a list, each once.
    pub(crate) fn ids<Id: From<Uuid> + PartialEq>(&mut self) -> Vec<Id> {
        let (key, form, cell) = self.cell();
        let mut ids = Vec::new();
        for item in cell.items(form) {
            match item.parse::<Uuid>().map(Id::from) {
                Ok(id) if ids.contains(&id) => {}
                Ok(id) => ids.push(id),
                Err(_) => self.refuse(key, "CELL_ID", &item, "is no id; give ids, each on its line"),
            }
        }
        ids
    }

    /// A name: 1 to 255 characters.
    pub(crate) fn name(&mut self) -> String {
        let (key, _, text) = self.trimmed();
        let Some(name) = text else {
            self.refuse(key, "CELL_REQUIRED", "", "is empty; give 1 to 255 characters");
            return String::new();
        };
        self.check(key, &name, |check| check.line("", &name, 1, 255));
        name
    }

    /// A text that may be missing.
    pub(crate) fn text(&mut self, most: usize) -> Option<String> {
        let (key, form, cell) = self.cell();
        let text = Some(cell.shown(form).into_owned()).filter(|text| !text.is_empty())?;
        self.check(key, &text, |check| check.text("", &text, 0, most));
        Some(text)
    }

    /// A text that a program reads, as it stands.
    pub(crate) fn raw(&mut self) -> Option<String> {
        let (_, _, text) = self.trimmed();
        text
    }

    /// A number with two decimal places; none when the cell is blank or wrong.
    pub(crate) fn decimal(&mut self) -> Option<Hundredths> {
        let (key, form, number) = self.number()?;
        match Hundredths::from_f64(number) {
            Ok(_) if !within(number, form) => self.out_of_range(key, form, number),
            Ok(hundredths) => Some(hundredths),
            Err(why) => {
                self.refuse(key, "CELL_NUMBER", &number.to_string(), why);
                None
            }
        }
    }

    /// A whole number; none when the cell is blank or wrong.
    pub(crate) fn whole(&mut self) -> Option<i32> {
        let (key, form, number) = self.number()?;
        if !within(number, form) {
            return self.out_of_range(key, form, number);
        }
        let whole = number.to_string().parse::<i32>();
        if whole.is_err() {
            self.refuse(key, "CELL_NUMBER", &number.to_string(), format!("is {number}; give a whole number"));
        }
        whole.ok()
    }

    fn number(&mut self) -> Option<(&'static str, Form, f64)> {
        let (key, form, cell) = self.cell();
        if let Cell::Number(number) = cell {
            return Some((key, form, number));
        }
        let text = cell.shown(form);
        let text = Some(text.trim()).filter(|text| !text.is_empty())?;
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Some((key, form, number)),
            _ => {
                self.refuse(key, "CELL_NUMBER", text, "is not a number; write it like 12.5");
                None
            }
        }
    }

    fn out_of_range<T>(&mut self, key: &'static str, form: Form, number: f64) -> Option<T> {
        let bounds = if let Form::Number(least, most) = form { format!("{least} to {most}") } else { String::new() };
        self.refuse(key, "CELL_OUT_OF_RANGE", &number.to_string(), format!("is {number}; give {bounds}"));
        None
    }

    /// One of some words, whatever the case of the letters; none when the cell is blank or wrong.
    pub(crate) fn choice<T: Copy>(&mut self, words: &[(&str, T)]) -> Option<T> {
        let (key, form, text) = self.trimmed();
        let text = text?;
        let meant = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)).map(|(_, meant)| *meant);
        if meant.is_none() {
            let words = if let Form::Choice(words) = form { words.join(", ") } else { String::new() };
            self.refuse(key, "CELL_UNKNOWN_WORD", &text, format!("is none of {words}; choose one"));
        }
        meant
    }

    /// True or false; none when the cell is blank or wrong.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        let (key, _, text) = self.trimmed();
        let text = text?;
        let flag = flag(&text);
        if flag.is_none() {
            self.refuse(key, "CELL_FLAG", &text, "is neither true nor false");
        }
        flag
    }

    /// Names in a list, each once.
    pub(crate) fn names(&mut self) -> Vec<String> {
        let (key, form, cell) = self.cell();
        let mut names: Vec<String> = Vec::new();
        for name in cell.items(form) {
            if !names.contains(&name) {
                names.push(name);
            }
            if names.len() > MOST_NAMES {
                self.refuse(key, "CELL_TOO_MANY", "", format!("names more than {MOST_NAMES}; give fewer"));
                return Vec::new();
            }
        }
        names
    }

    /// Web addresses, each on its line.
    pub(crate) fn urls(&mut self) -> Vec<String> {
        let (key, form, cell) = self.cell();
        let urls = cell.items(form);
        if urls.len() > MOST_LINKS {
            self.refuse(key, "CELL_TOO_MANY", "", format!("has {} links; give {MOST_LINKS} at most", urls.len()));
            return Vec::new();
        }
        for url in &urls {
            self.check(key, url, |check| check.url("", url));
        }
        urls
    }

    /// A web address.
    pub(crate) fn url(&mut self) -> String {
        let (key, _, text) = self.trimmed();
        let url = text.unwrap_or_default();
        self.check(key, &url, |check| check.url("", &url));
        url
    }

    /// A colour as `#RRGGBB`.
    pub(crate) fn color(&mut self) -> Option<String> {
        let (key, _, text) = self.trimmed();
        let color = text?;
        let digits = color.strip_prefix('#').unwrap_or_default();
        if digits.len() != 6 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            self.refuse(key, "CELL_COLOR", &color, "is not #RRGGBB");
        }
        Some(color)
    }
}

/// What a word for true or false means.
pub(crate) fn flag(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn within(number: f64, form: Form) -> bool {
    if let Form::Number(least, most) = form { (least..=most).contains(&number) } else { true }
}
