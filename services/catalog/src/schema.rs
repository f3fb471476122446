//! The catalog's tables, as the migrations make them; a test compares the two.

diesel::table! {
    products (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        external_key -> Nullable<Text>,
        name -> Text,
        description -> Nullable<Text>,
        resources -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}
