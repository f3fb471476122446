//! Enums that are text everywhere: UPPER_SNAKE in JSON, in the database (with a named CHECK) and in query strings.

/// Declares an enum whose variants have one spelling in JSON, SQL, queries and contracts.
///
/// ```ignore
/// text_enum! {
///     /// How strong a licence is.
///     pub enum LicenseLevel { Essential = "ESSENTIAL", Advantage = "ADVANTAGE" }
/// }
/// ```
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal $(| $alias:literal)*),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            ::serde::Serialize, ::utoipa::ToSchema,
            ::diesel::expression::AsExpression, ::diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = ::diesel::sql_types::Text)]
        pub enum $name {
            // utoipa reads serde's attributes, but not a literal that comes through a macro; hence both.
            $($(#[$vdoc])* #[serde(rename = $text)] #[schema(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in declared order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text $(| $alias)* => Ok(Self::$variant),)+
                    other => Err(format!("`{other}` is not one of {}", [$($text),+].join(", "))),
                }
            }
        }

        // serde's own would take a map for a name as well, and call a number no JSON.
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }

        impl ::diesel::serialize::ToSql<::diesel::sql_types::Text, ::diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, ::diesel::pg::Pg>,
            ) -> ::diesel::serialize::Result {
                ::std::io::Write::write_all(out, self.as_str().as_bytes())?;
                Ok(::diesel::serialize::IsNull::No)
            }
        }

        impl ::diesel::deserialize::FromSql<::diesel::sql_types::Text, ::diesel::pg::Pg> for $name {
            fn from_sql(bytes: ::diesel::pg::PgValue<'_>) -> ::diesel::deserialize::Result<Self> {
                let text = ::std::str::from_utf8(bytes.as_bytes())?;
                text.parse().map_err(Into::into)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    crate::text_enum! {
        /// Of a door.
        pub enum State { Open = "OPEN" | "AJAR", Shut = "SHUT" }
    }

    #[test]
    fn only_a_text_is_read() {
        assert_eq!(serde_json::from_str::<State>(r#""AJAR""#).unwrap(), State::Open);
        for json in [r#""open""#, "1", "null", "true", "[]", r#"["OPEN"]"#, r#"{"OPEN":null}"#] {
            assert!(serde_json::from_str::<State>(json).unwrap_err().is_data(), "{json}");
        }
    }
}
