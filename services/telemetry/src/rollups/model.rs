//! What a rollup is, and how rollups of days become those of weeks and months. Pure.

use std::collections::{BTreeMap, HashSet};

use chrono::{Datelike, Duration, NaiveDate, Timelike, Weekday};
use diesel::prelude::*;
use kernel::problem::REQUEST_MALFORMED;
use kernel::{CustomerAttributeId, Problem, Timestamp};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::schema::rollups;
use crate::values::Reading;

/// The beginning of the year 0001, in microseconds since 1970.
const FIRST: i64 = -62_135_596_800_000_000;

kernel::text_enum! {
    /// How long a time one point of a series stands for.
    pub enum Resolution {
        /// An hour.
        Hour = "HOUR",
        /// A day (UTC).
        Day = "DAY",
        /// A week, from Monday on.
        Week = "WEEK",
        /// A month.
        Month = "MONTH",
    }
}

/// How long a series of a resolution may be.
#[derive(Debug, Clone, Copy)]
struct Spans {
    /// The longest that it is chosen for unless something else is asked for.
    chosen: Duration,
    /// The longest that it may be asked for.
    most: Duration,
}

/// What values of one stretch of time say together.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = rollups, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Sums {
    pub(crate) count: i64,
    pub(crate) numbers: i64,
    pub(crate) sum: f64,
    pub(crate) lowest: Option<f64>,
    pub(crate) highest: Option<f64>,
    pub(crate) last_value: String,
    pub(crate) last_observed_at: Timestamp,
    pub(crate) last_event_id: Uuid,
}

/// The sums of attributes and days.
pub(crate) type Daily = BTreeMap<(CustomerAttributeId, NaiveDate), Sums>;

/// One point of a series.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SeriesPoint)]
pub(crate) struct Point {
    /// Where it begins.
    pub(crate) from: Timestamp,
    /// How many values were observed.
    pub(crate) count: i64,
    /// The least of them; null when none is a number or a flag (1 or 0).
    pub(crate) min: Option<f64>,
    /// The greatest.
    pub(crate) max: Option<f64>,
    /// Their mean.
    pub(crate) mean: Option<f64>,
    /// The value observed last.
    pub(crate) last: Value,
}

impl Sums {
    /// The sums of one value.
    pub(crate) fn of(reading: &Reading) -> Self {
        let number = reading.number;
        Self {
            count: 1,
            numbers: i64::from(number.is_some()),
            sum: number.unwrap_or_default(),
            lowest: number,
            highest: number,
            last_value: reading.value.clone(),
            last_observed_at: reading.observed_at,
            last_event_id: reading.event_id,
        }
    }

    /// The sums of readings that are new, by attribute and day; each reading counts once.
    pub(crate) fn daily<'a>(readings: impl IntoIterator<Item = &'a Reading>, mut new: HashSet<Uuid>) -> Daily {
        let mut daily = Daily::new();
        for reading in readings.into_iter().filter(|reading| new.remove(&reading.event_id)) {
            let sums = Self::of(reading);
            let day = daily.entry((reading.attribute, reading.observed_at.date_naive()));
            day.and_modify(|known| known.add(&sums)).or_insert(sums);
        }
        daily
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.numbers += other.numbers;
        self.sum += other.sum;
        self.lowest = self.lowest.into_iter().chain(other.lowest).reduce(f64::min);
        self.highest = self.highest.into_iter().chain(other.highest).reduce(f64::max);
        if (other.last_observed_at, other.last_event_id) > (self.last_observed_at, self.last_event_id) {
            self.last_value.clone_from(&other.last_value);
            self.last_observed_at = other.last_observed_at;
            self.last_event_id = other.last_event_id;
        }
    }

    fn point(self, from: Timestamp) -> Point {
        let numbers = i32::try_from(self.numbers).unwrap_or(i32::MAX);
        let mean = (numbers > 0).then(|| self.sum / f64::from(numbers));
        let last = serde_json::from_str(&self.last_value).unwrap_or_default();
        Point { from, count: self.count, min: self.lowest, max: self.highest, mean, last }
    }
}

impl Resolution {
    /// The one that is asked for, or else the finest that keeps the series short.
    pub(crate) fn of(asked: Option<Self>, (from, to): (Timestamp, Timestamp)) -> Result<Self, Problem> {
        // A point may begin before `from` and end after `to`, and the years of moments have four digits.
        for (name, moment) in [("from", from), ("to", to)] {
            if !(1..=9998).contains(&moment.year()) {
                let how = "Give a moment of the years 0001 to 9998.";
                return Err(REQUEST_MALFORMED.detail(how).at(name, "OUT_OF_RANGE", how));
            }
        }
        let span = to - from;
        if span < Duration::zero() {
            let how = "Give a `from` that is not after `to`.";
            return Err(REQUEST_MALFORMED.detail(how).at("from", "OUT_OF_RANGE", how));
        }
        let finest = |fits: fn(Spans) -> Duration| {
            let mut all = Self::ALL.iter().copied();
            all.find(|resolution| span <= fits(resolution.spans())).unwrap_or(Self::Month)
        };
        let Some(asked) = asked else { return Ok(finest(|spans| spans.chosen)) };
        let most = asked.spans().most;
        if span > most {
            let (days, coarser) = (most.num_days(), finest(|spans| spans.most));
            let how = format!("With {asked}, ask for {days} days at most; or take {coarser}.");
            return Err(REQUEST_MALFORMED.detail(how.clone()).at("resolution", "OUT_OF_RANGE", how));
        }
        Ok(asked)
    }

    /// About a thousand points are the most, and some hundred enough. Months need no bound: no values are kept for longer than
    /// a hundred years.
    fn spans(self) -> Spans {
        let (chosen, most) = match self {
            Self::Hour => (7, 31),
            Self::Day => (400, 1_000),
            Self::Week => (2_800, 7_000),
            Self::Month => return Spans { chosen: Duration::MAX, most: Duration::MAX },
        };
        Spans { chosen: Duration::days(chosen), most: Duration::days(most) }
    }

    /// So many days earlier, but not before there are years of four digits.
    pub(crate) fn days_before(moment: Timestamp, days: i64) -> Timestamp {
        (moment - Duration::days(days)).max(Timestamp::from_micros(FIRST))
    }

    /// The span rounded outwards to whole stretches; its end is not in it.
    pub(crate) fn whole(self, (from, to): (Timestamp, Timestamp)) -> (Timestamp, Timestamp) {
        let last = self.begin(to);
        (self.begin(from), if last == to { to } else { self.end(last) })
    }

    /// Where the stretch begins that a moment is in.
    fn begin(self, moment: Timestamp) -> Timestamp {
        let day = moment.date_naive();
        match self {
            Self::Hour => midnight(day) + Duration::hours(moment.hour().into()),
            Self::Day => midnight(day),
            Self::Week => midnight(day.week(Weekday::Mon).first_day()),
            Self::Month => midnight(day.with_day(1).unwrap_or(day)),
        }
    }

    /// Where the stretch ends that begins here.
    fn end(self, begin: Timestamp) -> Timestamp {
        match self {
            Self::Hour => begin + Duration::hours(1),
            Self::Day => begin + Duration::days(1),
            Self::Week => begin + Duration::days(7),
            // Whichever day of the next month it is.
            Self::Month => self.begin(begin + Duration::days(31)),
        }
    }

    /// The points of a series, from the sums of its days.
    pub(crate) fn points(self, days: Vec<(NaiveDate, Sums)>) -> Vec<Point> {
        let mut stretches: BTreeMap<Timestamp, Sums> = BTreeMap::new();
        for (day, sums) in days {
            let stretch = stretches.entry(self.begin(midnight(day)));
            stretch.and_modify(|known| known.add(&sums)).or_insert(sums);
        }
        stretches.into_iter().map(|(begin, sums)| sums.point(begin)).collect()
    }

    /// The points of a series, from the sums of its hours.
    pub(crate) fn hours(hours: Vec<(Timestamp, Sums)>) -> Vec<Point> {
        hours.into_iter().map(|(from, sums)| sums.point(from)).collect()
    }
}

/// When a day begins.
pub(super) fn midnight(day: NaiveDate) -> Timestamp {
    Timestamp::from(day.and_time(chrono::NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sums(at: i64, number: Option<f64>, value: &str) -> Sums {
        Sums {
            count: 1,
            numbers: i64::from(number.is_some()),
            sum: number.unwrap_or_default(),
            lowest: number,
            highest: number,
            last_value: value.to_owned(),
            last_observed_at: Timestamp::from_micros(at),
            last_event_id: Uuid::from_u128(1),
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_become_weeks_and_months() {
        let days = || {
            vec![
                (day("2026-11-01"), sums(1, Some(4.0), "4")),
                (day("2026-11-02"), sums(2, Some(-1.5), "-1.5")),
                (day("2026-11-08"), sums(3, None, "\"text\"")),
            ]
        };
        let weeks = Resolution::Week.points(days());
        let begins: Vec<String> = weeks.iter().map(|point| point.from.to_string()).collect();
        assert_eq!(begins, ["2026-10-26T00:00:00Z", "2026-11-02T00:00:00Z"]);
        assert_eq!((weeks[1].count, weeks[1].mean, &weeks[1].last), (2, Some(-1.5), &Value::from("text")));
        let month = &Resolution::Month.points(days())[..];
        assert_eq!((month.len(), month[0].min, month[0].max, month[0].mean), (1, Some(-1.5), Some(4.0), Some(1.25)));
        assert_eq!(Resolution::Day.points(days()).len(), 3);
    }

    #[test]
    fn a_series_is_as_fine_as_it_can_be_and_stay_short() {
        let span = |days: i64| (Timestamp::from_micros(0), Timestamp::from_micros(0) + Duration::days(days));
        for (days, resolution) in [
            (0, Resolution::Hour),
            (7, Resolution::Hour),
            (8, Resolution::Day),
            (401, Resolution::Week),
            (2_801, Resolution::Month),
        ] {
            assert_eq!(Resolution::of(None, span(days)).unwrap(), resolution, "{days}");
        }
        for days in [1, 1_000_000] {
            assert_eq!(Resolution::of(Some(Resolution::Month), span(days)).unwrap(), Resolution::Month);
        }
        assert!(Resolution::of(None, span(-1)).is_err());
        let earliest: Timestamp = "0001-01-01T00:00:00Z".parse().unwrap();
        let before = Resolution::days_before(earliest, 30);
        assert_eq!((before, Resolution::of(None, (before, earliest)).unwrap()), (earliest, Resolution::Hour));
        for (asked, most, coarser) in [
            (Resolution::Hour, 31, Resolution::Day),
            (Resolution::Day, 1_000, Resolution::Week),
            (Resolution::Week, 7_000, Resolution::Month),
        ] {
            assert_eq!(Resolution::of(Some(asked), span(most)).unwrap(), asked);
            let refused = Resolution::of(Some(asked), span(most + 1)).unwrap_err();
            assert!(refused.text().contains(&format!("{most} days at most; or take {coarser}")), "{refused:?}");
            Resolution::of(Some(coarser), span(most + 1)).unwrap();
        }
        for edge in ["0000-12-31T23:59:59Z", "9999-01-01T00:00:00Z"] {
            let edge: Timestamp = edge.parse().unwrap();
            assert!(Resolution::of(Some(Resolution::Month), (edge, edge)).is_err(), "{edge}");
        }
    }

    #[test]
    fn a_span_is_rounded_outwards_to_whole_stretches() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        for (resolution, from, to) in [
            (Resolution::Hour, "2026-11-04T10:00:00Z", "2026-12-01T00:00:00Z"),
            (Resolution::Day, "2026-11-04T00:00:00Z", "2026-12-01T00:00:00Z"),
            (Resolution::Week, "2026-11-02T00:00:00Z", "2026-12-07T00:00:00Z"),
            (Resolution::Month, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ] {
            let span = (at("2026-11-04T10:20:30Z"), at("2026-12-01T00:00:00Z"));
            assert_eq!(resolution.whole(span), (at(from), at(to)), "{resolution}");
        }
        let short = (at("2027-01-31T10:20:30Z"), at("2027-01-31T10:20:30Z"));
        assert_eq!(Resolution::Month.whole(short), (at("2027-01-01T00:00:00Z"), at("2027-02-01T00:00:00Z")));
    }

    proptest! {
        /// What is rounded is whole, not smaller, and less than a stretch larger at each end.
        #[test]
        fn a_whole_span_stays_as_it_is(from in 0..4_000_000_000_i64, length in 0..40_000_000_i64) {
            let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
            let (from, to) = (at(from), at(from + length));
            for resolution in Resolution::ALL.iter().copied() {
                let (begin, end) = resolution.whole((from, to));
                prop_assert!(begin <= from && to <= end && resolution.end(begin) > from);
                prop_assert_eq!(resolution.whole((begin, end)), (begin, end));
            }
        }
    }

    #[test]
    fn sums_do_not_care_for_order() {
        let all = [sums(2, Some(2.0), "2"), sums(1, None, "\"a\""), sums(3, Some(1.0), "1")];
        let fold = |order: [usize; 3]| {
            let mut one = all[order[0]].clone();
            order[1..].iter().for_each(|at| one.add(&all[*at]));
            one
        };
        assert_eq!(fold([0, 1, 2]), fold([2, 1, 0]));
        assert_eq!(fold([1, 2, 0]).last_value, "1");
    }
}
