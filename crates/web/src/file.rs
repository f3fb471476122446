//! A list as a file, streamed page by page: to keep, to look at, or to mend in a spreadsheet.

use std::future::Future;
use std::io::Write;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::{StreamExt, stream};
use kernel::Problem;
use serde::Serialize;

use crate::failure::Answer;

kernel::text_enum! {
    /// What the file is made of.
    pub enum Format {
        /// A JSON document on each line.
        Ndjson = "ndjson",
        /// Comma-separated values with a header.
        Csv = "csv",
    }
}

/// Rows on their way into a file.
pub trait Rows {
    /// One of them; as it is, it is a line of NDJSON.
    type Row: Serialize;

    /// What the file is called, without its ending.
    const NAME: &'static str;

    /// The next rows, as many as may be held at once; none when there are no more.
    ///
    /// # Errors
    /// When they cannot be read.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Self::Row>, Problem>>;

    /// The first line of the CSV.
    ///
    /// # Errors
    /// When it cannot be written.
    fn header() -> Result<Vec<u8>, Problem>;

    /// Rows as lines of CSV, without a cell that a spreadsheet would take for a formula.
    ///
    /// # Errors
    /// When they cannot be written.
    fn csv(rows: Vec<Self::Row>) -> Result<Vec<u8>, Problem>;
}

/// Answers with all the rows, as one file.
///
/// # Errors
/// When the first of them cannot be read; later ones can only break the transfer off.
pub async fn file<R: Rows + 'static>(mut rows: R, format: Format) -> Answer {
    let first = rows.next().await?;
    let first = Bytes::from([format.header::<R>()?, format.write::<R>(first)?].concat());
    let rest = stream::try_unfold(rows, move |mut rows: R| async move {
        let page = rows.next().await?;
        if page.is_empty() {
            return Ok(None);
        }
        Ok::<_, Problem>(Some((Bytes::from(format.write::<R>(page)?), rows)))
    });
    let (name, kind) = (R::NAME, format.content_type());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{format}\"")))
        .streaming(stream::iter([Ok(first)]).chain(rest)))
}

impl Format {
    fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    fn header<R: Rows>(self) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Ndjson => Ok(Vec::new()),
            Self::Csv => R::header(),
        }
    }

    fn write<R: Rows>(self, rows: Vec<R::Row>) -> Result<Vec<u8>, Problem> {
        if self == Self::Csv {
            return R::csv(rows);
        }
        let mut out = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut out, &row).map_err(Problem::internal)?;
            out.write_all(b"\n").map_err(Problem::internal)?;
        }
        Ok(out)
    }
}
