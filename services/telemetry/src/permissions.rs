//! What a caller may do here.

auth::permissions! {
    ValueRead = "telemetry:value:read", "See telemetry values, refused values, and why a task stands where it stands.";
    ValueWrite = "telemetry:value:write", "Send telemetry values and replay refused ones.";
    BatchRead = "telemetry:batch:read", "See which batches came; by a grant alone, those that one sent oneself.";
    BatchWrite = "telemetry:batch:write", "Take batches back.";
    CriterionTest = "telemetry:criterion:test", "Try criteria on what was reported.";
    SettingsRead = "telemetry:settings:read", "See how long values are kept.";
    SettingsWrite = "telemetry:settings:write", "Say how long values are kept.";
    MetricRuleRead = "telemetry:metric-rule:read", "See which metrics are made values.";
    MetricRuleWrite = "telemetry:metric-rule:write", "Say which metrics are made values, and of what.";
}
