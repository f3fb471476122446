//! `cairn demo`: a company to look at, loaded through the public API as its administrator would.
//!
//! A file ([`Catalogue`]) names products, solutions and customers. Each is made unless its key is there already (`load`).
//! Every plan is then sent a feed that is derived from the criteria of its tasks (`feed`, `replay`), and at the end the
//! platform's progress stands beside a calculation made from the file alone (`expected`, `report`). Whatever was lost on
//! the way, killed or cut, the next run makes up for; a run after a whole one changes nothing.

mod api;
mod catalogue;
mod eligibility;
mod expected;
mod faults;
mod feed;
mod holdings;
mod load;
mod replay;
mod report;
mod weights;

use std::path::{Path, PathBuf};

use kernel::Clock;

pub use api::Account;
pub use catalogue::Catalogue;
pub use expected::Sums;
pub use report::{Report, Row};
pub use weights::Overweight;

use api::Api;

/// What a demo answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a demo stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What a file holds cannot be loaded.
    #[error("{}: {error}", file.display())]
    Content {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        error: Box<Error>,
    },
    /// No administrator is noted.
    #[error("{} names no administrator; `cairn up` writes it when it first runs", .0.display())]
    Account(PathBuf),
    /// Not a catalogue: the path and the line say where.
    #[error("this is no catalogue: {0}")]
    Json(#[from] serde_path_to_error::Error<serde_json::Error>),
    /// Something follows the catalogue.
    #[error("something follows the catalogue: {0}")]
    Trailing(serde_json::Error),
    /// The file contradicts itself at these places.
    #[error("the catalogue contradicts itself:\n  {}", .0.join("\n  "))]
    Faults(Vec<String>),
    /// These owners weigh more than any catalogue takes.
    #[error("tasks of one owner may weigh 100 together; nothing was loaded:\n  {}\nCorrect the file, or scale these to 100 with --normalise-weights.", listed(.0))]
    Overweight(Vec<Overweight>),
    /// The platform refused a request.
    #[error("{request}: {answer}")]
    Refused {
        /// Which request.
        request: String,
        /// What it said.
        answer: String,
    },
    /// The platform was away for too long. What was loaded so far is kept.
    #[error("{request}: no answer for {seconds} s ({last}); run the demo again when the platform is well")]
    Away {
        /// Which request.
        request: String,
        /// How long it was tried.
        seconds: u64,
        /// What the last try met.
        last: String,
    },
    /// Telemetry judged a value otherwise than its contract says.
    #[error("telemetry judged values otherwise than it should:\n  {}", .0.join("\n  "))]
    Misjudged(Vec<String>),
}

fn listed(owners: &[Overweight]) -> String {
    owners.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}

/// Where a demo is loaded.
pub struct Demo<'a> {
    /// Address of the gateway, such as `http://127.0.0.1:7400`.
    pub gateway: &'a str,
    /// Who loads it: an administrator of the tenant.
    pub account: &'a Account,
    /// The time by which criteria are held against values.
    pub clock: &'a Clock,
    /// Hears of each step.
    pub tell: &'a dyn Fn(&str),
}

impl Demo<'_> {
    /// Loads the catalogue, assigns the customers' products and solutions, sends the feeds and waits for the plans to follow.
    ///
    /// # Errors
    /// When the platform refuses something, or stays away for minutes. Running it again goes on from there.
    pub async fn load(&self, catalogue: &Catalogue) -> Result<Report> {
        let mut api = Api::new(self.gateway, self.account, self.tell);
        let ids = load::catalogue(&mut api, catalogue).await?;
        let plans = load::customers(&mut api, catalogue, &ids).await?;
        for plan in &plans {
            replay::send(&mut api, plan).await?;
        }
        report::when_settled(&mut api, &plans, self.clock).await
    }
}

impl Account {
    /// The administrator that `cairn up` has noted in its folder.
    ///
    /// # Errors
    /// When there is none.
    pub fn of(data: &Path) -> Result<Self> {
        let file = data.join("admin");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        match (value("login="), value("password=")) {
            (Some(login), Some(password)) => Ok(Self { login, password }),
            _ => Err(Error::Account(file)),
        }
    }
}
