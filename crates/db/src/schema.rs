//! The tables every schema has (migrations/house). Unqualified: a role's search path names its own schema.

diesel::table! {
    /// Outbox and log of events.
    events (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        position -> BigInt,
        recorded_at -> Timestamptz,
        routing_key -> Text,
        envelope -> Text,
        published_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// The events a consumer has dealt with.
    inbox (tenant_id, consumer, event_id) {
        tenant_id -> Uuid,
        consumer -> Text,
        event_id -> Uuid,
        received_at -> Timestamptz,
    }
}

diesel::table! {
    /// First answers to keyed requests.
    idempotency_keys (tenant_id, principal, method, path, key) {
        tenant_id -> Uuid,
        principal -> Text,
        method -> Text,
        path -> Text,
        key -> Text,
        body_hash -> Binary,
        answer -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Work for later.
    jobs (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        unique_key -> Text,
        payload -> Jsonb,
        run_at -> Timestamptz,
        attempts -> Integer,
        fence -> BigInt,
        leased_until -> Nullable<Timestamptz>,
        parked_at -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
    }
}
