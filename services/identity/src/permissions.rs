//! What a caller may do here. `identity:self:*` belongs to everybody who is signed in.

auth::permissions! {
    SelfRead = "identity:self:read", "See one's own account.";
    SelfWrite = "identity:self:write", "Change one's own password and sign out.";
    TenantRead = "identity:tenant:read", "See the tenant.";
    TenantWrite = "identity:tenant:write", "Change what the tenant is called and looks like.";
    TenantDelete = "identity:tenant:delete", "Delete the tenant, and restore it.";
    SettingsRead = "identity:settings:read", "See the tenant's settings.";
    SettingsWrite = "identity:settings:write", "Change the tenant's settings.";
    ServiceAccountRead = "identity:service-account:read", "See the programs of partners and their keys.";
    ServiceAccountWrite = "identity:service-account:write", "Make programs and keys, change and end them.";
    MemberRead = "identity:member:read", "See who is a member.";
    MemberWrite = "identity:member:write", "Add members, set their roles, suspend them.";
    SessionRead = "identity:session:read", "See where members are signed in.";
    SessionWrite = "identity:session:write", "Sign members out.";
    RoleRead = "identity:role:read", "See the roles and what they allow.";
    RoleWrite = "identity:role:write", "Make and change roles.";
    DepartmentRead = "identity:department:read", "See the departments.";
    DepartmentWrite = "identity:department:write", "Make, change and delete departments.";
    JobRoleRead = "identity:job-role:read", "See the job roles and what they allow.";
    JobRoleWrite = "identity:job-role:write", "Make, change and delete job roles.";
    GrantRead = "identity:grant:read", "See what is granted to whom on single products, solutions and customers.";
    GrantWrite = "identity:grant:write", "Grant single products, solutions and customers, and take them back.";
    EditLockTakeOver = "identity:edit-lock:take-over", "Take edit locks over from others.";
    AuditRead = "identity:audit:read", "Read the audit trail and who signed in.";
}
