//! Typed ids. Each noun has its own type, so an id of one noun cannot be passed where another's is meant.
//!
//! Every id is a UUIDv7: it sorts by the moment it was made, which lets most lists page by id alone.

/// Declares a typed id: JSON and SQL see a plain UUID.
#[macro_export]
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            ::serde::Serialize, ::serde::Deserialize,
            ::diesel::expression::AsExpression, ::diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = ::diesel::sql_types::Uuid)]
        #[serde(transparent)]
        pub struct $name(pub ::uuid::Uuid);

        impl $name {
            /// A new id, greater than every id made before it on this machine.
            #[must_use]
            pub fn fresh() -> Self {
                Self(::uuid::Uuid::now_v7())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                ::uuid::Uuid::parse_str(text).map(Self)
            }
        }

        impl From<$name> for ::uuid::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<::uuid::Uuid> for $name {
            fn from(id: ::uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl ::diesel::serialize::ToSql<::diesel::sql_types::Uuid, ::diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, ::diesel::pg::Pg>,
            ) -> ::diesel::serialize::Result {
                ::diesel::serialize::ToSql::<::diesel::sql_types::Uuid, ::diesel::pg::Pg>::to_sql(&self.0, out)
            }
        }

        impl ::diesel::deserialize::FromSql<::diesel::sql_types::Uuid, ::diesel::pg::Pg> for $name {
            fn from_sql(bytes: ::diesel::pg::PgValue<'_>) -> ::diesel::deserialize::Result<Self> {
                ::diesel::deserialize::FromSql::<::diesel::sql_types::Uuid, ::diesel::pg::Pg>::from_sql(bytes).map(Self)
            }
        }

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                $crate::ids::uuid_schema()
            }
        }

        impl ::utoipa::ToSchema for $name {
            fn name() -> ::std::borrow::Cow<'static, str> {
                "Id".into()
            }
        }
    };
}

/// The schema of every id in the contracts.
#[doc(hidden)]
#[must_use]
pub fn uuid_schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .description(Some("A UUIDv7."))
        .into()
}

id!(/// One organisation's isolated world.
    TenantId);
id!(/// A person, platform-wide.
    UserId);
id!(/// A user's place in one tenant.
    MembershipId);
id!(/// A named set of permissions in a tenant.
    RoleId);
id!(/// One sign-in of one user, until it is revoked or expires.
    SessionId);
id!(/// Identity: an invitation to a tenant.
    InvitationId);
id!(/// Identity: a passkey of a person.
    PasskeyId);
id!(/// Identity: a partner's program.
    ServiceAccountId);
id!(/// Identity: a key of a partner's program.
    ApiKeyId);
id!(/// A change event: the `id` of its envelope.
    EventId);
id!(/// Catalog: a product.
    ProductId);
id!(/// Catalog: a solution, a bundle of products.
    SolutionId);
id!(/// Catalog: one adoption step of a product or a solution.
    TaskId);
id!(/// Catalog: a file that is to be imported.
    ImportId);
id!(/// What one command did to the catalog.
    ChangeSetId);
id!(/// A product or a solution as it was.
    VersionId);
id!(/// Catalog: a licence of a product or a solution.
    LicenseId);
id!(/// Catalog: an outcome, a goal that tasks serve.
    OutcomeId);
id!(/// Catalog: a release of a product or a solution.
    ReleaseId);
id!(/// Catalog: a tag of a product or a solution.
    TagId);
id!(/// Catalog: a custom attribute of a product or a solution.
    CustomAttributeId);
id!(/// Catalog: the definition of a telemetry attribute of a task.
    AttributeId);
id!(/// Adoption: a customer.
    CustomerId);
id!(/// Adoption: a product or a solution assigned to a customer.
    AssignmentId);
id!(/// Adoption: an adoption plan.
    PlanId);
id!(/// Adoption: the plans of a solution together.
    SolutionPlanId);
id!(/// Adoption: a plan's own copy of a task.
    CustomerTaskId);
id!(/// Adoption: what a plan is to bring about for an outcome.
    OutcomeGoalId);
id!(/// Adoption: a measured value of an outcome.
    OutcomeMeasurementId);
id!(/// Adoption: a sync of a plan with the catalog.
    PlanSyncId);
id!(/// Adoption: a sync of many plans, in the background.
    SyncOperationId);
id!(/// Adoption and telemetry: a plan's own copy of a telemetry attribute.
    CustomerAttributeId);
id!(/// Telemetry: a refused value, kept with its reason.
    RefusalId);
id!(/// Telemetry: values that were sent together.
    BatchId);
id!(/// Telemetry: a rule that makes values of a partner's metrics.
    MetricRuleId);
id!(/// Identity: a department, a place in the tenant's tree.
    DepartmentId);
id!(/// Identity: a job role, what somebody does in departments.
    JobRoleId);
id!(/// Identity: an attempt to sign in.
    SignInEventId);
id!(/// Identity: a lock on something that somebody edits.
    EditLockId);
id!(/// Identity: a bookmark of a person.
    BookmarkId);
id!(/// Identity: a grant on a product, a solution or a customer.
    GrantId);
