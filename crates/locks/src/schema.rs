//! The table that each service with locks has.

diesel::table! {
    edit_locks (tenant_id, resource_type, resource_id) {
        tenant_id -> Uuid,
        resource_type -> Text,
        resource_id -> Uuid,
        lock_id -> Uuid,
        version -> BigInt,
        user_name -> Text,
        session_id -> Uuid,
        expires_at -> Timestamptz,
    }
}
