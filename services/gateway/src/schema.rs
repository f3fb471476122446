//! The gateway's one table, as the migration makes it; a test compares the two.

diesel::table! {
    usage (tenant_id, period, starts_at, caller_id) {
        tenant_id -> Uuid,
        period -> Text,
        starts_at -> Timestamptz,
        caller_id -> Uuid,
        caller_kind -> Text,
        requests -> BigInt,
    }
}
