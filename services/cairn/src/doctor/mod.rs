//! `cairn doctor`: looks at everything the platform stands on and says what to do about what is not well.
//!
//! [`examine`] changes nothing. What its advice needs beyond that is here as well: [`replay`] puts dead letters back,
//! [`retry`] gives parked jobs another chance. [`audit()`] looks at more than one wants to every day.

mod audit;
mod broker;
mod keys;
mod postgres;
mod report;
mod service;

use std::path::Path;
use std::time::Duration;

use kernel::config::{Config, SERVICES};
use kernel::{Clock, Problem};

pub use audit::audit;
pub use broker::replay;
pub use report::{Finding, Health, Report};
pub use service::{Unready, is_ready, retry};

/// What does not answer within this time counts as away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at everything. `key_file` is the file with the master key, when it is in one.
pub async fn examine(config: &Config, key_file: Option<&Path>, clock: &Clock) -> Report {
    let now = clock.now();
    let mut findings = keys::master(config, key_file);
    findings.extend(postgres::examine(config).await);
    findings.extend(broker::examine(config, now).await);
    for name in SERVICES {
        findings.push(service::ready(config, name).await);
    }
    // Without Postgres there is one thing to mend, and no more to see.
    if !findings.iter().any(|finding| finding.check == "postgres" && finding.health == Health::Fail) {
        for schema in crate::migrations().iter().map(|migrations| migrations.schema) {
            findings.extend(service::examine(config, schema, now).await);
        }
        findings.push(keys::signing(config, now).await);
    }
    Report::new(findings)
}

/// A problem on one line: what was tried, and the cause that the log would show.
#[must_use]
pub fn told(problem: &Problem) -> String {
    problem.cause().map_or_else(|| problem.text().to_owned(), ToString::to_string)
}

/// An age as a person says it.
fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{} s", seconds.max(0)),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_the_unit_a_person_would_choose() {
        let ages = [-3, 0, 119, 120, 7_199, 7_200, 172_799, 172_800].map(span);
        assert_eq!(ages, ["0 s", "0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]);
    }
}
