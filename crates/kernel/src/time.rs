//! Time comes from one place, the [`Clock`] a service was started with; the database's `now()` is not asked.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Add, Deref, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Datelike, Duration, Utc};
use serde::{Deserialize, Deserializer, Serialize};

/// A moment in UTC with microsecond precision, as Postgres keeps it; RFC 3339 in JSON.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Timestamptz)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// From microseconds since 1970, bounded to what a calendar can show.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// As one says it to a person: "14:35 UTC on 22 November 2026".
    #[must_use]
    pub fn in_words(&self) -> String {
        self.0.format("%H:%M UTC on %-d %B %Y").to_string()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    /// Cuts to the microsecond, so that a value read back from Postgres equals the one written.
    fn from(moment: DateTime<Utc>) -> Self {
        Self::from_micros(moment.timestamp_micros())
    }
}

/// Text that is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an RFC 3339 time with its offset, such as 2026-11-21T09:30:00Z")]
pub struct NotATime;

impl std::str::FromStr for Timestamp {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let moment: DateTime<Utc> = text.parse().map_err(|_| NotATime)?;
        // RFC 3339 has four digits for a year; chrono takes more.
        if (0..=9_999).contains(&moment.year()) { Ok(Self::from(moment)) } else { Err(NotATime) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Deref for Timestamp {
    type Target = DateTime<Utc>;
    fn deref(&self) -> &DateTime<Utc> {
        &self.0
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        self.0.checked_add_signed(span).map_or(Self(DateTime::<Utc>::MAX_UTC), Self)
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        self.0.checked_sub_signed(span).map_or(Self(DateTime::<Utc>::MIN_UTC), Self)
    }
}

impl Sub for Timestamp {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.0 - earlier.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

impl diesel::serialize::ToSql<diesel::sql_types::Timestamptz, diesel::pg::Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
        diesel::serialize::ToSql::<diesel::sql_types::Timestamptz, diesel::pg::Pg>::to_sql(&self.0, out)
    }
}

impl diesel::deserialize::FromSql<diesel::sql_types::Timestamptz, diesel::pg::Pg> for Timestamp {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        diesel::deserialize::FromSql::<diesel::sql_types::Timestamptz, diesel::pg::Pg>::from_sql(bytes).map(Self)
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC."))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {
    fn name() -> Cow<'static, str> {
        "Timestamp".into()
    }
}

/// Where "now" comes from: the system, or a test's hand.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    shift_micros: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// The machine's clock plus what [`Clock::advance`] adds: a test moves it to see timers fire.
    #[must_use]
    pub fn adjustable() -> Self {
        Self { shift_micros: Some(Arc::default()) }
    }

    /// Moves an adjustable clock; the system clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Some(shift) = &self.shift_micros {
            shift.fetch_add(by.num_microseconds().unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }

    /// Now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> Timestamp {
        let shift = self.shift_micros.as_ref().map_or(0, |shift| shift.load(Ordering::Relaxed));
        Timestamp::from_micros(Utc::now().timestamp_micros().saturating_add(shift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_a_time_without_its_seconds() {
        let time: Timestamp = "2026-11-02T08:05:59.123456Z".parse().unwrap();
        assert_eq!(time.in_words(), "08:05 UTC on 2 November 2026");
    }

    #[test]
    fn a_time_has_an_offset_and_four_digits_for_its_year() {
        for text in
            ["2026-11-21T09:30:00Z", "2026-11-21T09:30:00.5+01:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
        {
            assert!(text.parse::<Timestamp>().is_ok(), "{text}");
        }
        for text in ["", "x", "2026-11-21", "2026-11-21T09:30:00", "-262143-01-01T00:00:00Z", "+10000-01-01T00:00:00Z"]
        {
            assert_eq!(text.parse::<Timestamp>(), Err(NotATime), "{text}");
        }
    }
}
