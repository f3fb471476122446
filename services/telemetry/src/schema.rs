//! Telemetry's tables, as the migrations make them; a test compares the two.

diesel::table! {
    attributes (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        assignment_id -> Uuid,
        customer_task_id -> Uuid,
        task_name -> Text,
        name -> Text,
        data_type -> Text,
        is_required -> Bool,
        criteria -> Nullable<Text>,
        display_order -> Integer,
        is_active -> Bool,
        removed_at -> Nullable<Timestamptz>,
        latest_value -> Nullable<Text>,
        latest_observed_at -> Nullable<Timestamptz>,
        latest_event_id -> Nullable<Uuid>,
        emptied_at -> Nullable<Timestamptz>,
        is_met -> Bool,
        last_checked_at -> Nullable<Timestamptz>,
        recheck_at -> Nullable<Timestamptz>,
        vanished_at -> Nullable<Timestamptz>,
        original_attribute_id -> Nullable<Uuid>,
        has_value -> Bool,
        latest_batch_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    assignments (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        customer_id -> Uuid,
    }
}

diesel::table! {
    facts (tenant_id, customer_task_id) {
        tenant_id -> Uuid,
        customer_task_id -> Uuid,
        assignment_id -> Uuid,
        version -> BigInt,
        active -> Integer,
        required -> Integer,
        with_data -> Integer,
        required_with_data -> Integer,
        met -> Integer,
        required_met -> Integer,
        evaluated_at -> Timestamptz,
        standing -> Text,
    }
}

diesel::table! {
    values (tenant_id, assignment_id, event_id, observed_at) {
        tenant_id -> Uuid,
        assignment_id -> Uuid,
        event_id -> Uuid,
        observed_at -> Timestamptz,
        attribute_id -> Uuid,
        value -> Text,
        source -> Nullable<Text>,
        notes -> Nullable<Text>,
        batch_id -> Uuid,
        received_at -> Timestamptz,
    }
}

diesel::table! {
    batches (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        received_at -> Timestamptz,
        sent_by -> Text,
        sent -> Integer,
        accepted -> Integer,
        duplicate -> Integer,
        refused -> Integer,
        completed -> Integer,
        retracted_at -> Nullable<Timestamptz>,
        retracted_by -> Nullable<Text>,
        observed_from -> Timestamptz,
        observed_to -> Timestamptz,
    }
}

diesel::table! {
    repeats (tenant_id, assignment_id, event_id, batch_id) {
        tenant_id -> Uuid,
        assignment_id -> Uuid,
        event_id -> Uuid,
        observed_at -> Timestamptz,
        attribute_id -> Uuid,
        value -> Text,
        source -> Nullable<Text>,
        notes -> Nullable<Text>,
        batch_id -> Uuid,
        received_at -> Timestamptz,
    }
}

diesel::table! {
    silences (tenant_id, batch_id, assignment_id) {
        tenant_id -> Uuid,
        batch_id -> Uuid,
        assignment_id -> Uuid,
        at -> Timestamptz,
        attribute_ids -> Array<Uuid>,
    }
}

diesel::table! {
    refusals (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        batch_id -> Uuid,
        received_at -> Timestamptz,
        index -> Integer,
        code -> Text,
        detail -> Text,
        payload -> Text,
        replayed_at -> Nullable<Timestamptz>,
        assignment_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    refusal_events (tenant_id, refusal_id, batch_id) {
        tenant_id -> Uuid,
        refusal_id -> Uuid,
        batch_id -> Uuid,
        at -> Timestamptz,
        index -> Nullable<Integer>,
        code -> Nullable<Text>,
        detail -> Nullable<Text>,
    }
}

diesel::table! {
    metric_rules (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        version -> BigInt,
        metric -> Text,
        conditions -> Jsonb,
        assignment_id -> Nullable<Uuid>,
        assignment_from -> Nullable<Text>,
        attribute_name -> Text,
        task_name -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    settings (tenant_id) {
        tenant_id -> Uuid,
        version -> BigInt,
        retention_days -> Nullable<Integer>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    rollups (tenant_id, attribute_id, day) {
        tenant_id -> Uuid,
        attribute_id -> Uuid,
        day -> Date,
        count -> BigInt,
        numbers -> BigInt,
        sum -> Double,
        lowest -> Nullable<Double>,
        highest -> Nullable<Double>,
        last_value -> Text,
        last_observed_at -> Timestamptz,
        last_event_id -> Uuid,
    }
}

diesel::allow_tables_to_appear_in_same_query!(assignments, attributes);
diesel::allow_tables_to_appear_in_same_query!(assignments, refusals);
diesel::allow_tables_to_appear_in_same_query!(assignments, values);
