//! What a caller may do here.

auth::permissions! {
    ValueRead = "telemetry:value:read", "See telemetry values, refused values, and why a task stands where it stands.";
    ValueWrite = "telemetry:value:write", "Send telemetry values and replay refused ones.";
}
