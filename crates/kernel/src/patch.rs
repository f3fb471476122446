//! A field of a JSON merge patch has three states: left alone, cleared, set.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One field of a patch. Declare it with `#[serde(default)]`, so that a missing name means [`Field::Absent`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Not mentioned: stays as it is.
    #[default]
    Absent,
    /// `null`: cleared.
    Null,
    /// A new value.
    Value(T),
}

impl<T> Field<T> {
    /// Applies to a field that must have a value; `null` leaves it and returns `false`, for the caller to refuse.
    #[must_use]
    pub fn set(self, target: &mut T) -> bool {
        match self {
            Self::Absent => true,
            Self::Null => false,
            Self::Value(value) => {
                *target = value;
                true
            }
        }
    }

    /// Applies to an optional field: `null` clears it.
    pub fn set_option(self, target: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *target = None,
            Self::Value(value) => *target = Some(value),
        }
    }

    /// The new value, if one was given.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether the patch mentions the field.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|value| value.map_or(Self::Null, Self::Value))
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}
