//! Identity's tables, as the migrations make them; a test compares the two.

diesel::table! {
    tenants (id) {
        id -> Uuid,
        version -> BigInt,
        name -> Text,
        created_at -> Timestamptz,
        domain -> Nullable<Text>,
        domain_folded -> Nullable<Text>,
        status -> Text,
        primary_color -> Text,
        secondary_color -> Text,
        logo_hash -> Nullable<Text>,
        closed_at -> Nullable<Timestamptz>,
        deletion_due_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    data_keys (owner_id) {
        owner_id -> Uuid,
        wrapped_key -> Binary,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    pictures (owner_id) {
        owner_id -> Uuid,
        content_type -> Text,
        bytes -> Binary,
    }
}

diesel::table! {
    tenant_settings (tenant_id) {
        tenant_id -> Uuid,
        version -> BigInt,
        overrides -> Jsonb,
        updated_at -> Timestamptz,
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
        email_verified_at -> Nullable<Timestamptz>,
        avatar_hash -> Nullable<Text>,
        onboarded_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    credentials (user_id) {
        user_id -> Uuid,
        password_hash -> Text,
        must_change -> Bool,
        changed_at -> Timestamptz,
        previous -> Array<Text>,
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
        ends_at -> Timestamptz,
        authenticated_at -> Timestamptz,
        methods -> Array<Text>,
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
        job_title -> Nullable<Text>,
        rights_changed_at -> Timestamptz,
    }
}

diesel::table! {
    invitations (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        email -> Text,
        email_folded -> Text,
        name -> Nullable<Text>,
        job_title -> Nullable<Text>,
        roles -> Array<Text>,
        status -> Text,
        invited_by -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    one_time_links (token_hash) {
        token_hash -> Binary,
        purpose -> Text,
        user_id -> Nullable<Uuid>,
        tenant_id -> Nullable<Uuid>,
        invitation_id -> Nullable<Uuid>,
        email -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    letters (id) {
        id -> Uuid,
        kind -> Text,
        tenant_id -> Nullable<Uuid>,
        invitation_id -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        address -> Nullable<Text>,
        created_at -> Timestamptz,
        due_at -> Timestamptz,
        attempts -> Integer,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    authenticators (user_id) {
        user_id -> Uuid,
        secret -> Binary,
        confirmed_at -> Nullable<Timestamptz>,
        last_step -> BigInt,
    }
}

diesel::table! {
    recovery_codes (user_id, code_hash) {
        user_id -> Uuid,
        code_hash -> Binary,
    }
}

diesel::table! {
    passkeys (id) {
        id -> Uuid,
        user_id -> Uuid,
        credential_id -> Binary,
        name -> Text,
        credential -> Jsonb,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    ceremonies (id) {
        id -> Uuid,
        user_id -> Nullable<Uuid>,
        state -> Jsonb,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    service_accounts (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        name -> Text,
        description -> Text,
        permissions -> Array<Text>,
        status -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    api_keys (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        service_account_id -> Uuid,
        name -> Text,
        prefix -> Text,
        secret_hash -> Binary,
        scopes -> Array<Text>,
        allowed_addresses -> Array<Text>,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        last_used_from -> Nullable<Text>,
        revoked_at -> Nullable<Timestamptz>,
        replaced_at -> Nullable<Timestamptz>,
        customer_ids -> Array<Uuid>,
        source -> Nullable<Text>,
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
    grants (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        subject_type -> Text,
        subject_id -> Uuid,
        resource_type -> Text,
        resource_id -> Nullable<Uuid>,
        level -> Text,
        created_at -> Timestamptz,
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
diesel::allow_tables_to_appear_in_same_query!(api_keys, service_accounts);
diesel::allow_tables_to_appear_in_same_query!(members, job_roles, job_role_members, job_role_departments);
diesel::allow_tables_to_appear_in_same_query!(grants, members);
diesel::allow_tables_to_appear_in_same_query!(grants, roles);
diesel::allow_tables_to_appear_in_same_query!(grants, member_roles);
