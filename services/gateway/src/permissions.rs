//! What a caller may do here. Their own usage belongs to everybody with a token.

auth::permissions! {
    UsageRead = "gateway:usage:read", "See how often each member and each key asked.";
}
