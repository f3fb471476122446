//! The periods that requests are counted in: the minutes, days and months of UTC.

use chrono::{Datelike, Duration, Months, NaiveTime};
use kernel::Timestamp;

kernel::text_enum! {
    /// How long a quota lasts.
    pub enum Period { Minute = "MINUTE", Day = "DAY", Month = "MONTH" }
}

const MINUTE_MICROS: i64 = 60_000_000;

impl Period {
    /// When the period began that this moment is in.
    pub(crate) fn start(self, now: Timestamp) -> Timestamp {
        let today = now.date_naive();
        let first_day = match self {
            Self::Minute => {
                let micros = now.timestamp_micros();
                return Timestamp::from_micros(micros - micros.rem_euclid(MINUTE_MICROS));
            }
            Self::Day => today,
            Self::Month => today.with_day(1).unwrap_or(today),
        };
        first_day.and_time(NaiveTime::MIN).and_utc().into()
    }

    /// When one that began then ends, and the next one begins.
    pub(crate) fn end(self, start: Timestamp) -> Timestamp {
        match self {
            Self::Minute => start + Duration::minutes(1),
            Self::Day => start + Duration::days(1),
            Self::Month => start.checked_add_months(Months::new(1)).map_or(start, Timestamp::from),
        }
    }

    /// As people and headers say it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_and_end_where_the_calendar_has_them_do() {
        for (period, now, start, end) in [
            (Period::Minute, "2026-11-21T09:30:59.999999Z", "2026-11-21T09:30:00Z", "2026-11-21T09:31:00Z"),
            (Period::Minute, "2026-11-21T09:31:00Z", "2026-11-21T09:31:00Z", "2026-11-21T09:32:00Z"),
            (Period::Minute, "1969-12-31T23:59:30Z", "1969-12-31T23:59:00Z", "1970-01-01T00:00:00Z"),
            (Period::Day, "2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
            (Period::Day, "2026-12-31T23:59:59Z", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
            (Period::Month, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (Period::Month, "2028-02-29T12:00:00+02:00", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        ] {
            let began = period.start(now.parse().unwrap());
            assert_eq!((began, period.end(began)), (start.parse().unwrap(), end.parse().unwrap()), "{period} of {now}");
        }
    }
}
