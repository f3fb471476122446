//! Permissions are types: `Allow<ProductWrite>` in a handler's signature is the check and its documentation.

/// One thing a caller may do.
pub trait Permission: 'static {
    /// `domain:resource:action`.
    const NAME: &'static str;
    /// What it lets a person do, in one sentence.
    const MEANING: &'static str;
}

/// A permission without its type, for lists.
#[derive(Debug, Clone, Copy)]
pub struct PermissionInfo {
    /// `domain:resource:action`.
    pub name: &'static str,
    /// What it lets a person do.
    pub meaning: &'static str,
}

/// Declares a service's permissions: one unit struct each, and `ALL`, the list of them.
///
/// ```ignore
/// permissions! {
///     /// ...
///     ProductRead = "catalog:product:read", "See products, solutions and their tasks.";
/// }
/// ```
#[macro_export]
macro_rules! permissions {
    ($($name:ident = $text:literal, $meaning:literal;)+) => {
        $(
            #[doc = concat!("`", $text, "`: ", $meaning)]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl $crate::Permission for $name {
                const NAME: &'static str = $text;
                const MEANING: &'static str = $meaning;
            }

            impl $name {
                /// The permission's name, for the OpenAPI entry.
                pub const NAME: &'static str = $text;
            }
        )+

        /// Every permission of this service.
        pub static ALL: &[$crate::PermissionInfo] =
            &[$($crate::PermissionInfo { name: $text, meaning: $meaning }),+];
    };
}
