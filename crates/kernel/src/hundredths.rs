//! Exact decimals with two places: `8.25` in JSON, `825` in the database, where an integer can use an index.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number with exactly two decimal places, kept as an integer count of hundredths.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Integer)]
pub struct Hundredths(pub i32);

impl Hundredths {
    /// One hundred: the most that the weights of one owner may sum to.
    pub const HUNDRED: Self = Self(10_000);
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A whole number of ones.
    #[must_use]
    pub fn of(whole: u16) -> Self {
        Self(i32::from(whole) * 100)
    }

    /// `part / whole` in percent, rounded half up; zero when there is no whole.
    #[must_use]
    pub fn percent(part: Self, whole: Self) -> Self {
        Self::part(part.0.into(), whole.0.into()).unwrap_or_default()
    }

    /// A part of a whole in percent, rounded half up; `None` when there is no whole.
    #[must_use]
    pub fn part(part: i64, whole: i64) -> Option<Self> {
        Self::mean(10_000 * part, whole)
    }

    /// The mean of so many that add up to a sum of hundredths, rounded half up; `None` when there are none.
    #[must_use]
    pub fn mean(sum: i64, count: i64) -> Option<Self> {
        let mean = (2 * sum + count).checked_div(2 * count)?;
        Some(Self(i32::try_from(mean).unwrap_or(i32::MAX)))
    }

    /// Reads a decimal number; refuses more than two places and what does not fit.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn from_f64(value: f64) -> Result<Self, String> {
        let scaled = value * 100.0;
        let whole = scaled.round();
        if !scaled.is_finite() || whole.abs() > f64::from(i32::MAX) {
            return Err(format!("{value:?} is too large"));
        }
        if (scaled - whole).abs() > 1e-6 {
            return Err(format!("{value} has more than two decimal places"));
        }
        #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "bounded above by i32::MAX")]
        Ok(Self(whole as i32))
    }

    /// The value as a float, for JSON.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl Add for Hundredths {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Hundredths {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::iter::Sum for Hundredths {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100)
    }
}

impl Serialize for Hundredths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 100 == 0 { serializer.serialize_i32(self.0 / 100) } else { serializer.serialize_f64(self.to_f64()) }
    }
}

impl<'de> Deserialize<'de> for Hundredths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_f64(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl diesel::serialize::ToSql<diesel::sql_types::Integer, diesel::pg::Pg> for Hundredths {
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
        diesel::serialize::ToSql::<diesel::sql_types::Integer, diesel::pg::Pg>::to_sql(&self.0, out)
    }
}

impl diesel::deserialize::FromSql<diesel::sql_types::Integer, diesel::pg::Pg> for Hundredths {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        diesel::deserialize::FromSql::<diesel::sql_types::Integer, diesel::pg::Pg>::from_sql(bytes).map(Self)
    }
}

impl utoipa::PartialSchema for Hundredths {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Number)
            .description(Some("A decimal with at most two places."))
            .multiple_of(Some(0.01))
            .into()
    }
}

impl utoipa::ToSchema for Hundredths {
    fn name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percent_is_the_reference_arithmetic() {
        // dap.md 3.15: 50 of 70, 135 of 260, nothing of nothing.
        assert_eq!(Hundredths::percent(Hundredths(5_000), Hundredths(7_000)).to_string(), "71.43");
        assert_eq!(Hundredths::percent(Hundredths(13_500), Hundredths(26_000)).to_string(), "51.92");
        assert_eq!(Hundredths::percent(Hundredths::ZERO, Hundredths::ZERO), Hundredths::ZERO);
    }

    #[test]
    fn halves_are_rounded_up_and_of_nothing_there_is_no_mean() {
        assert_eq!(Hundredths::mean(5, 2), Some(Hundredths(3)));
        assert_eq!(Hundredths::mean(10_000, 3), Some(Hundredths(3_333)));
        assert_eq!(Hundredths::part(1, 3), Some(Hundredths(3_333)));
        assert_eq!((Hundredths::mean(0, 0), Hundredths::part(1, 0)), (None, None));
    }

    #[test]
    fn three_places_are_refused() {
        assert!(serde_json::from_str::<Hundredths>("8.255").is_err());
        let refused = serde_json::from_str::<Hundredths>("1e308").unwrap_err().to_string();
        assert!(refused.starts_with("1e308 is too large"), "{refused}");
        assert_eq!(serde_json::from_str::<Hundredths>("8.25").unwrap(), Hundredths(825));
        assert_eq!(serde_json::to_string(&Hundredths(800)).unwrap(), "8");
    }

    proptest! {
        #[test]
        fn json_keeps_every_value(hundredths in any::<i32>()) {
            let text = serde_json::to_string(&Hundredths(hundredths)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Hundredths>(&text).unwrap(), Hundredths(hundredths));
        }
    }
}
