//! Identity's tables, as the migrations make them; a test compares the two.

diesel::table! {
    tenants (id) {
        id -> Uuid,
        version -> BigInt,
        name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        email_folded -> Text,
        username -> Text,
        username_folded -> Text,
        name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    credentials (user_id) {
        user_id -> Uuid,
        password_hash -> Text,
        must_change -> Bool,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        tenant_id -> Uuid,
        user_id -> Uuid,
        generation -> Integer,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        expires_at -> Timestamptz,
        client_address -> Nullable<Text>,
        revoked_at -> Nullable<Timestamptz>,
        revoked_reason -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Text,
        wrapped_seed -> Binary,
        created_at -> Timestamptz,
        retired_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    roles (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        name -> Text,
        description -> Text,
        permissions -> Array<Text>,
        built_in -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    members (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        user_id -> Uuid,
        status -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    member_roles (tenant_id, member_id, role_id) {
        tenant_id -> Uuid,
        member_id -> Uuid,
        role_id -> Uuid,
    }
}

diesel::table! {
    audit_events (tenant_id, event_id) {
        tenant_id -> Uuid,
        event_id -> Uuid,
        occurred_at -> Timestamptz,
        service -> Text,
        entity -> Text,
        entity_id -> Uuid,
        entity_version -> BigInt,
        action -> Text,
        actor -> Text,
        on_behalf_of -> Nullable<Text>,
        client_address -> Nullable<Text>,
        trace_id -> Text,
        changes -> Jsonb,
        sequence -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    audit_chains (tenant_id) {
        tenant_id -> Uuid,
        sequence -> BigInt,
        hash -> Binary,
        anchor_sequence -> BigInt,
        anchor_hash -> Binary,
        seal -> Nullable<Text>,
    }
}

diesel::table! {
    audit_policies (tenant_id) {
        tenant_id -> Uuid,
        version -> BigInt,
        retention_days -> Integer,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    sign_in_events (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        outcome -> Text,
        reason -> Nullable<Text>,
        client_address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        occurred_at -> Timestamptz,
    }
}

diesel::table! {
    edit_locks (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        resource_type -> Text,
        resource_id -> Uuid,
        user_id -> Uuid,
        user_name -> Text,
        session_id -> Uuid,
        acquired_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    bookmarks (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        user_id -> Uuid,
        title -> Text,
        url -> Text,
        place -> Integer,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    departments (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        external_key -> Nullable<Text>,
        parent_id -> Nullable<Uuid>,
        name -> Text,
        description -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    department_members (tenant_id, department_id, member_id) {
        tenant_id -> Uuid,
        department_id -> Uuid,
        member_id -> Uuid,
    }
}

diesel::table! {
    job_roles (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        name -> Text,
        description -> Nullable<Text>,
        permissions -> Array<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    job_role_departments (tenant_id, job_role_id, department_id) {
        tenant_id -> Uuid,
        job_role_id -> Uuid,
        department_id -> Uuid,
    }
}

diesel::table! {
    job_role_members (tenant_id, job_role_id, member_id) {
        tenant_id -> Uuid,
        job_role_id -> Uuid,
        member_id -> Uuid,
    }
}

diesel::allow_tables_to_appear_in_same_query!(users, credentials, members, member_roles, roles);
diesel::allow_tables_to_appear_in_same_query!(members, job_roles, job_role_members, job_role_departments);
