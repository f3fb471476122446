//! The catalog's tables, as the migrations make them, without generated columns; a test compares the two.

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

diesel::table! {
    solutions (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        external_key -> Nullable<Text>,
        name -> Text,
        description -> Nullable<Text>,
        resources -> Jsonb,
        product_ids -> Array<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    solution_task_orders (tenant_id, solution_id) {
        tenant_id -> Uuid,
        solution_id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        task_ids -> Array<Uuid>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    licenses (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        owner_kind -> Text,
        owner_id -> Uuid,
        external_key -> Nullable<Text>,
        name -> Text,
        description -> Nullable<Text>,
        display_order -> Integer,
        level -> Integer,
        is_active -> Bool,
        product_license_ids -> Array<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    outcomes (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        owner_kind -> Text,
        owner_id -> Uuid,
        external_key -> Nullable<Text>,
        name -> Text,
        description -> Nullable<Text>,
        display_order -> Integer,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    releases (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        owner_kind -> Text,
        owner_id -> Uuid,
        external_key -> Nullable<Text>,
        name -> Text,
        description -> Nullable<Text>,
        display_order -> Integer,
        level -> Integer,
        is_active -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    tags (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        owner_kind -> Text,
        owner_id -> Uuid,
        external_key -> Nullable<Text>,
        name -> Text,
        description -> Nullable<Text>,
        display_order -> Integer,
        color -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    custom_attributes (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        owner_kind -> Text,
        owner_id -> Uuid,
        external_key -> Nullable<Text>,
        key -> Text,
        description -> Nullable<Text>,
        display_order -> Integer,
        value -> Text,
        data_type -> Text,
        is_required -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    tasks (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        owner_kind -> Text,
        owner_id -> Uuid,
        external_key -> Nullable<Text>,
        name -> Text,
        description -> Nullable<Text>,
        notes -> Nullable<Text>,
        weight -> Integer,
        sequence_number -> Integer,
        license_level -> Text,
        est_minutes -> Integer,
        how_to_doc -> Array<Text>,
        how_to_video -> Array<Text>,
        outcome_ids -> Array<Uuid>,
        release_ids -> Array<Uuid>,
        tag_ids -> Array<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    telemetry_attributes (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        task_id -> Uuid,
        external_key -> Nullable<Text>,
        name -> Text,
        description -> Nullable<Text>,
        data_type -> Text,
        is_required -> Bool,
        success_criteria -> Nullable<Jsonb>,
        display_order -> Integer,
        is_active -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    change_sets (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        owner_kind -> Text,
        owner_id -> Uuid,
        actor_id -> Text,
        on_behalf_of -> Nullable<Text>,
        correlation_id -> Nullable<Text>,
        items -> Integer,
        reverts -> Nullable<Uuid>,
        reverted_by -> Nullable<Uuid>,
        made_at -> Timestamptz,
        version -> BigInt,
        revert_asked_at -> Nullable<Timestamptz>,
        revert_problem -> Nullable<Jsonb>,
    }
}

diesel::table! {
    change_items (tenant_id, change_set_id, position) {
        tenant_id -> Uuid,
        change_set_id -> Uuid,
        position -> BigInt,
        entity_type -> Text,
        entity_id -> Uuid,
        action -> Text,
        version -> BigInt,
        before -> Nullable<Jsonb>,
        after -> Nullable<Jsonb>,
    }
}

diesel::table! {
    imports (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        user_id -> Uuid,
        session_id -> Uuid,
        is_client -> Bool,
        client_address -> Nullable<Text>,
        authority -> Jsonb,
        status -> Text,
        format -> Text,
        sheet -> Nullable<Text>,
        delete_missing -> Bool,
        file -> Nullable<Binary>,
        owner_named -> Bool,
        owner_kind -> Nullable<Text>,
        owner_id -> Nullable<Uuid>,
        owner_name -> Nullable<Text>,
        counts -> Jsonb,
        unchanged -> Integer,
        errors -> Integer,
        warnings -> Integer,
        digest -> Nullable<Text>,
        done -> Integer,
        problem -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    import_lines (tenant_id, import_id, kind, position) {
        tenant_id -> Uuid,
        import_id -> Uuid,
        kind -> Text,
        position -> Integer,
        body -> Text,
    }
}

diesel::table! {
    versions (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        revision -> BigInt,
        owner_kind -> Text,
        owner_id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        workbook -> Text,
        created_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(change_items, change_sets);
diesel::allow_tables_to_appear_in_same_query!(products, solutions);
diesel::allow_tables_to_appear_in_same_query!(tasks, telemetry_attributes);
