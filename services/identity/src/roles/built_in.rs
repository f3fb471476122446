//! The roles every tenant starts with (domains.md, "Roles").

/// Everything, with the tenant itself.
pub(crate) const OWNER: &str = "OWNER";

/// Name, purpose, patterns.
pub(super) static BUILT_IN: &[(&str, &str, &[&str])] = &[
    (OWNER, "Everything in the tenant, and the tenant itself.", &["*"]),
    (
        "ADMIN",
        "Everything in the tenant except giving it away.",
        &[
            "catalog:*:*",
            "adoption:*:*",
            "telemetry:*:*",
            "workflow:*:*",
            "helpdesk:*:*",
            "gateway:*:*",
            "identity:tenant:read",
            "identity:tenant:write",
            "identity:settings:*",
            "identity:service-account:*",
            "identity:member:*",
            "identity:role:*",
            "identity:department:*",
            "identity:job-role:*",
            "identity:grant:*",
            "identity:edit-lock:*",
            "identity:session:*",
            "identity:audit:*",
        ],
    ),
    ("SME", "Describes products: the catalog in full.", &["catalog:*:*"]),
    (
        "CSS",
        "Leads customers to success: customers, plans and telemetry in full; reads the catalog.",
        &["adoption:*:*", "telemetry:*:*", "catalog:*:read"],
    ),
    ("DEVELOPER", "Builds forms, flows, automations, tables and integrations.", &["workflow:*:*", "catalog:*:read"]),
    (
        "MANAGER",
        "Runs flows, approves, sees others' work, edits levels and roles of flows.",
        &[
            "workflow:flow:*",
            "workflow:work-item:*",
            "workflow:form:read",
            "adoption:*:read",
            "identity:department:read",
            "identity:job-role:read",
        ],
    ),
    (
        "DIRECTOR",
        "Own automations, work items, consultations and analytics.",
        &["workflow:automation:*", "workflow:work-item:*", "workflow:analytics:read", "helpdesk:consultation:*"],
    ),
    (
        "PROJECT_MANAGER",
        "Projects, gaps and predictions in full.",
        &["adoption:project:*", "adoption:gap:*", "adoption:prediction:*", "adoption:*:read"],
    ),
    (
        "STAKEHOLDER",
        "Reads projects, gaps and predictions, and comments.",
        &["adoption:project:read", "adoption:gap:read", "adoption:prediction:read", "adoption:comment:write"],
    ),
    (
        "AGENT",
        "Answers tickets and writes articles.",
        &["helpdesk:ticket:*", "helpdesk:article:*", "adoption:customer:read", "adoption:plan:read"],
    ),
    ("SUPERVISOR", "Leads agents: also teams, SLA, rules and reports.", &["helpdesk:*:*", "adoption:*:read"]),
    (
        "MEMBER",
        "Own work items, runs flows, own tickets.",
        &["workflow:work-item:own", "workflow:flow:run", "helpdesk:ticket:own"],
    ),
    ("REQUESTER", "Own tickets and public articles.", &["helpdesk:ticket:own", "helpdesk:article:read-public"]),
    (
        "VIEWER",
        "Reads, and nothing else.",
        &[
            "catalog:*:read",
            "adoption:*:read",
            "telemetry:*:read",
            "workflow:*:read",
            "helpdesk:*:read",
            "identity:tenant:read",
        ],
    ),
];
