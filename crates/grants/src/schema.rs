//! The table that each service with things to grant has.

diesel::table! {
    grants (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        subject_id -> Uuid,
        resource_type -> Text,
        resource_id -> Nullable<Uuid>,
        level -> Text,
        deleted_at -> Nullable<Timestamptz>,
    }
}
