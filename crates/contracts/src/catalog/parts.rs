//! What an owner's tasks are sorted by, and what else hangs on it.

use kernel::{CustomAttributeId, Hundredths, LicenseId, OutcomeId, ProductId, ReleaseId, SolutionId, TagId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

kernel::text_enum! {
    /// How much a licence includes; each level includes the ones before it.
    pub enum LicenseLevel {
        /// The basics.
        Essential = "ESSENTIAL",
        /// More.
        Advantage = "ADVANTAGE",
        /// Everything.
        Signature = "SIGNATURE",
    }
}

impl LicenseLevel {
    /// The level a licence's number stands for: 1 is the least; numbers past 3 are the tenant's own.
    #[must_use]
    pub const fn of(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Essential),
            2 => Some(Self::Advantage),
            3 => Some(Self::Signature),
            _ => None,
        }
    }
}

kernel::text_enum! {
    /// The type of a custom attribute's value.
    pub enum CustomDataType {
        /// Text.
        Text = "TEXT",
        /// A number.
        Number = "NUMBER",
        /// Yes or no.
        Boolean = "BOOLEAN",
        /// A date.
        Date = "DATE",
        /// Anything else.
        Json = "JSON",
    }
}

/// A licence of a product or a solution.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LicenseView {
    /// Its id.
    pub id: LicenseId,
    /// Raised by every change.
    pub version: i64,
    /// The owner's `revision` at this change: whoever copied the owner earlier has seen less.
    pub revision: i64,
    /// The product that owns it; null when a solution does.
    pub product_id: Option<ProductId>,
    /// The solution that owns it; null when a product does.
    pub solution_id: Option<SolutionId>,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// What it is called.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// 1 to 10; each level includes the ones before it.
    pub level: i32,
    /// What the level means for tasks; null past 3.
    pub license_level: Option<LicenseLevel>,
    /// Whether it is still offered.
    pub is_active: bool,
    /// The licences of its products that a solution's licence includes; of a product of which none is named, all.
    #[serde(default)]
    pub product_license_ids: Vec<LicenseId>,
    /// Its place in the owner's list; equal places are in the order they were made.
    pub display_order: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An outcome: a goal that tasks serve.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeView {
    /// Its id.
    pub id: OutcomeId,
    /// Raised by every change.
    pub version: i64,
    /// The owner's `revision` at this change: whoever copied the owner earlier has seen less.
    pub revision: i64,
    /// The product that owns it; null when a solution does.
    pub product_id: Option<ProductId>,
    /// The solution that owns it; null when a product does.
    pub solution_id: Option<SolutionId>,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// Unique among the outcomes of its owner.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// Its place in the owner's list; equal places are in the order they were made.
    pub display_order: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A release of a product or a solution.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseView {
    /// Its id.
    pub id: ReleaseId,
    /// Raised by every change.
    pub version: i64,
    /// The owner's `revision` at this change: whoever copied the owner earlier has seen less.
    pub revision: i64,
    /// The product that owns it; null when a solution does.
    pub product_id: Option<ProductId>,
    /// The solution that owns it; null when a product does.
    pub solution_id: Option<SolutionId>,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// What it is called.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// Its rank, such as 1.1: higher is later.
    pub level: Hundredths,
    /// Whether it is still offered.
    pub is_active: bool,
    /// Its place in the owner's list; equal places are in the order they were made.
    pub display_order: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A tag: a word to find tasks by.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagView {
    /// Its id.
    pub id: TagId,
    /// Raised by every change.
    pub version: i64,
    /// The owner's `revision` at this change: whoever copied the owner earlier has seen less.
    pub revision: i64,
    /// The product that owns it; null when a solution does.
    pub product_id: Option<ProductId>,
    /// The solution that owns it; null when a product does.
    pub solution_id: Option<SolutionId>,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// Unique among the tags of its owner, whatever the case of its letters.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// `#RRGGBB`.
    pub color: Option<String>,
    /// Its place in the owner's list; equal places are in the order they were made.
    pub display_order: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A fact about a product or a solution that the platform has no field for.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomAttributeView {
    /// Its id.
    pub id: CustomAttributeId,
    /// Raised by every change.
    pub version: i64,
    /// The owner's `revision` at this change: whoever copied the owner earlier has seen less.
    pub revision: i64,
    /// The product that owns it; null when a solution does.
    pub product_id: Option<ProductId>,
    /// The solution that owns it; null when a product does.
    pub solution_id: Option<SolutionId>,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// Unique among the custom attributes of its owner.
    pub key: String,
    /// Any JSON, as it was sent.
    #[schema(value_type = Value)]
    pub value: Box<RawValue>,
    /// The type of the value.
    pub data_type: CustomDataType,
    /// Whether the tenant wants it always filled.
    pub is_required: bool,
    /// More about it.
    pub description: Option<String>,
    /// Its place in the owner's list; equal places are in the order they were made.
    pub display_order: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

super::aggregates! { LicenseView, OutcomeView, ReleaseView, TagView, CustomAttributeView }
