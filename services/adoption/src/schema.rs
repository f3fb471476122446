//! Adoption's tables, as the migrations make them; a test compares the two.

diesel::table! {
    customers (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        external_key -> Nullable<Text>,
        name -> Text,
        description -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    assignments (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        external_key -> Nullable<Text>,
        customer_id -> Uuid,
        owner_id -> Uuid,
        owner_name -> Text,
        name -> Text,
        license_level -> Text,
        outcome_ids -> Array<Uuid>,
        release_ids -> Array<Uuid>,
        plan_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        owner_kind -> Text,
        purchased_at -> Nullable<Timestamptz>,
        solution_plan_id -> Nullable<Uuid>,
        place -> Nullable<Integer>,
        came_along -> Bool,
        own_level -> Nullable<Text>,
    }
}

diesel::table! {
    plans (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        assignment_id -> Uuid,
        customer_id -> Uuid,
        owner_id -> Uuid,
        owner_name -> Text,
        catalog_revision -> BigInt,
        license_level -> Text,
        outcome_ids -> Array<Uuid>,
        release_ids -> Array<Uuid>,
        total_tasks -> Integer,
        completed_tasks -> Integer,
        total_weight -> Integer,
        completed_weight -> Integer,
        progress_percentage -> Integer,
        last_synced_at -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        owner_kind -> Text,
        solution_plan_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    customer_tasks (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        plan_id -> Uuid,
        assignment_id -> Uuid,
        original_task_id -> Uuid,
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
        status -> Text,
        status_source -> Text,
        status_updated_at -> Timestamptz,
        status_updated_by -> Nullable<Uuid>,
        completed_at -> Nullable<Timestamptz>,
        attributes -> Jsonb,
        facts_version -> BigInt,
        active -> Integer,
        required -> Integer,
        with_data -> Integer,
        met -> Integer,
        required_met -> Integer,
        tag_ids -> Array<Uuid>,
        standing -> Text,
        evaluated_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    status_changes (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        customer_task_id -> Uuid,
        at -> Timestamptz,
        status -> Text,
        source -> Text,
        changed_by -> Nullable<Uuid>,
        note -> Nullable<Text>,
        kind -> Text,
    }
}

diesel::table! {
    catalog_revisions (tenant_id, owner_id) {
        tenant_id -> Uuid,
        owner_id -> Uuid,
        revision -> BigInt,
        bundle_revision -> Nullable<BigInt>,
        deleted_revision -> Nullable<BigInt>,
    }
}

diesel::table! {
    synced_tasks (tenant_id, customer_task_id) {
        tenant_id -> Uuid,
        customer_task_id -> Uuid,
        plan_id -> Uuid,
        baseline -> Nullable<Jsonb>,
        retired -> Nullable<Jsonb>,
    }
}

diesel::table! {
    plan_syncs (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        plan_id -> Uuid,
        plan_version -> BigInt,
        operation_id -> Nullable<Uuid>,
        at -> Timestamptz,
        synced_by -> Nullable<Uuid>,
        catalog_revision -> BigInt,
        added -> Integer,
        changed -> Integer,
        retired -> Integer,
        revived -> Integer,
        conflicts -> Integer,
        changes -> Jsonb,
        synced_before -> Timestamptz,
        undone_at -> Nullable<Timestamptz>,
        undone_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    sync_operations (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        status -> Text,
        requested_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sync_blueprints (tenant_id, operation_id, owner_id) {
        tenant_id -> Uuid,
        operation_id -> Uuid,
        owner_id -> Uuid,
        blueprint -> Jsonb,
    }
}

diesel::table! {
    sync_operation_plans (tenant_id, operation_id, plan_id) {
        tenant_id -> Uuid,
        operation_id -> Uuid,
        plan_id -> Uuid,
        state -> Text,
        problem -> Nullable<Text>,
        detail -> Nullable<Text>,
    }
}

diesel::table! {
    solution_plans (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        assignment_id -> Uuid,
        plan_id -> Uuid,
        customer_id -> Uuid,
        solution_id -> Uuid,
        solution_name -> Text,
        status -> Text,
        total_tasks -> Integer,
        completed_tasks -> Integer,
        total_weight -> Integer,
        completed_weight -> Integer,
        progress_percentage -> Integer,
        own_tasks -> Integer,
        own_completed_tasks -> Integer,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        completed_at -> Nullable<Timestamptz>,
        catalog_revision -> BigInt,
    }
}

diesel::table! {
    plan_filters (tenant_id, plan_id, user_id) {
        tenant_id -> Uuid,
        plan_id -> Uuid,
        user_id -> Uuid,
        filter -> Jsonb,
    }
}

diesel::table! {
    outcome_goals (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        plan_id -> Uuid,
        outcome_id -> Uuid,
        baseline -> Double,
        target -> Double,
        unit -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        removed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    outcome_measurements (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        goal_id -> Uuid,
        measured_at -> Timestamptz,
        value -> Double,
        note -> Nullable<Text>,
        measured_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        retracted_at -> Nullable<Timestamptz>,
        retracted_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    plan_totals (tenant_id, plan_id) {
        tenant_id -> Uuid,
        plan_id -> Uuid,
        in_progress -> Integer,
        no_longer_using -> Integer,
        skipped -> Integer,
        unproved -> Integer,
        active -> Integer,
        met -> Integer,
        completed_seconds -> BigInt,
    }
}

diesel::table! {
    plan_months (tenant_id, plan_id, month) {
        tenant_id -> Uuid,
        plan_id -> Uuid,
        month -> Date,
        customer_id -> Uuid,
        completed_tasks -> Integer,
    }
}

diesel::table! {
    health_weights (tenant_id) {
        tenant_id -> Uuid,
        version -> BigInt,
        adoption -> Integer,
        velocity -> Integer,
        freshness -> Integer,
        tickets -> Integer,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    health_days (tenant_id, customer_id, day) {
        tenant_id -> Uuid,
        customer_id -> Uuid,
        day -> Date,
        computed_at -> Timestamptz,
        score -> Nullable<Integer>,
        parts -> Jsonb,
    }
}

diesel::allow_tables_to_appear_in_same_query!(plans, customers);
diesel::allow_tables_to_appear_in_same_query!(plans, catalog_revisions);
diesel::allow_tables_to_appear_in_same_query!(solution_plans, assignments, catalog_revisions);
diesel::allow_tables_to_appear_in_same_query!(plans, assignments);
diesel::allow_tables_to_appear_in_same_query!(plans, customer_tasks);
