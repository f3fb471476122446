//! Whether somebody may do something with a product, a solution or a customer, and why. Pure.
//!
//! Somebody may what their patterns allow, everywhere. A grant narrows: it gives a level on one thing, or on all of a kind.
//! Between products and solutions rights flow: who holds a level on all of one kind holds it on all of the other, who holds
//! it on a solution holds it on the products it bundles, and who holds every product of a solution holds the solution at the
//! lowest of those levels. A new thing takes a grant on all of its own kind.

use std::fmt;

use contracts::identity::{GrantLevel, GrantedType};
use kernel::GrantId;
use uuid::Uuid;

use crate::Patterns;
use crate::patterns::covers;

/// A grant, as a decision sees it: one that concerns whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The grant's id.
    pub id: GrantId,
    /// What kind of thing is granted.
    pub resource_type: GrantedType,
    /// Which one; `None` is all of the kind.
    pub resource_id: Option<Uuid>,
    /// How much.
    pub level: GrantLevel,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The permission that it takes.
    pub permission: &'a str,
    /// What kind of thing it is about.
    pub resource_type: GrantedType,
    /// Which one; `None` is a new one.
    pub resource_id: Option<Uuid>,
    /// The solutions that bundle a product, or the products of a solution; `None` when nobody could say.
    pub related: Option<&'a [Uuid]>,
}

/// Something that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookedAt {
    /// What the caller's roles allow everywhere.
    Patterns,
    /// A grant on the thing itself.
    OnIt(GrantId),
    /// A grant on all of its kind.
    OnAll(GrantId),
    /// A grant on all products, for a solution, or on all solutions, for a product.
    OnAllOf(GrantedType, GrantId),
    /// A grant on a solution that bundles the product.
    OnSolution(Uuid, GrantId),
    /// What is granted on each product of the solution: the lowest of it.
    OnEveryProduct,
    /// Which products belong to which solutions, when nobody could say.
    Unknown,
}

/// Something that was looked at, and what it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What was looked at.
    pub looked_at: LookedAt,
    /// The level that it gives.
    pub level: Option<GrantLevel>,
    /// Whether that is enough.
    pub allows: bool,
}

/// The answer, with everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Yes or no.
    pub allowed: bool,
    /// The level that the caller has on the thing.
    pub level: Option<GrantLevel>,
    /// What led there.
    pub rules: Vec<Rule>,
}

/// The permissions that a level on a kind of thing gives there.
#[must_use]
pub const fn gives(on: GrantedType, level: GrantLevel) -> &'static [&'static str] {
    use GrantLevel::{Admin, Read, Write};
    use GrantedType::{Customer, Product, Solution};
    match (on, level) {
        (Product | Solution, Read) => &["catalog:product:read"],
        (Product | Solution, Write) => &["catalog:product:read", "catalog:product:write"],
        (Product | Solution, Admin) => &["catalog:product:*"],
        (Customer, Read) => &["adoption:customer:read", "adoption:plan:read", "telemetry:value:read"],
        (Customer, Write) => &[
            "adoption:customer:read",
            "adoption:customer:write",
            "adoption:plan:read",
            "adoption:plan:write",
            "adoption:task:write",
            "telemetry:value:read",
            "telemetry:value:write",
            "telemetry:batch:read",
        ],
        (Customer, Admin) => {
            &["adoption:customer:*", "adoption:plan:*", "adoption:task:*", "telemetry:value:*", "telemetry:batch:read"]
        }
    }
}

/// The lowest level on a kind of thing that gives a permission; `None` when no grant on it can.
#[must_use]
pub fn needed(on: GrantedType, permission: &str) -> Option<GrantLevel> {
    let enough = |level: &GrantLevel| gives(on, *level).iter().any(|given| covers(given, permission));
    GrantLevel::ALL.iter().copied().find(enough)
}

/// Whether a grant on anything at all could give a permission.
#[must_use]
pub fn is_grantable(permission: &str) -> bool {
    GrantedType::ALL.iter().any(|on| needed(*on, permission).is_some())
}

/// The highest level whose permissions patterns hold wholly.
#[must_use]
pub fn level_held(patterns: &Patterns, on: GrantedType) -> Option<GrantLevel> {
    let held = |level: &GrantLevel| gives(on, *level).iter().all(|given| patterns.allow(given));
    GrantLevel::ALL.iter().rev().copied().find(held)
}

/// Decides. `grants` are those that concern the caller: their own and those of their roles.
#[must_use]
pub fn decide(patterns: &Patterns, grants: &[Grant], asked: &Question<'_>) -> Decision {
    let needed = needed(asked.resource_type, asked.permission);
    let mut rules = vec![Rule {
        looked_at: LookedAt::Patterns,
        level: level_held(patterns, asked.resource_type),
        allows: patterns.allow(asked.permission),
    }];
    let mut look = |looked_at, level: Option<GrantLevel>| {
        let allows = level.zip(needed).is_some_and(|(level, needed)| level >= needed);
        rules.push(Rule { looked_at, level, allows });
    };
    for grant in grants {
        if let Some(looked_at) = concerns(grant, asked) {
            look(looked_at, Some(grant.level));
        }
    }
    match (asked.resource_type, asked.resource_id, asked.related) {
        (GrantedType::Customer, ..) | (_, None, _) => {}
        (_, Some(_), None) => look(LookedAt::Unknown, None),
        (GrantedType::Product, ..) | (_, _, Some([])) => {}
        (GrantedType::Solution, _, Some(products)) => look(LookedAt::OnEveryProduct, on_every(products, grants)),
    }
    Decision {
        allowed: rules.iter().any(|rule| rule.allows),
        level: rules.iter().filter_map(|rule| rule.level).max(),
        rules,
    }
}

/// How a grant concerns what is asked, if it does.
fn concerns(grant: &Grant, asked: &Question<'_>) -> Option<LookedAt> {
    use GrantedType::{Product, Solution};
    match (asked.resource_type, grant.resource_type, grant.resource_id) {
        (it, on, None) if it == on => Some(LookedAt::OnAll(grant.id)),
        (it, on, id) if it == on => (asked.resource_id == id).then_some(LookedAt::OnIt(grant.id)),
        // Who may make one kind of thing may not make the other.
        _ if asked.resource_id.is_none() => None,
        (Product, Solution, None) | (Solution, Product, None) => Some(LookedAt::OnAllOf(grant.resource_type, grant.id)),
        (Product, Solution, Some(solution)) => {
            asked.related?.contains(&solution).then_some(LookedAt::OnSolution(solution, grant.id))
        }
        _ => None,
    }
}

/// The lowest level that is granted on each of some products; `None` when one of them has none.
fn on_every(products: &[Uuid], grants: &[Grant]) -> Option<GrantLevel> {
    let on = |product: &Uuid| {
        let of_product = |grant: &&Grant| {
            grant.resource_type == GrantedType::Product && grant.resource_id.is_none_or(|id| id == *product)
        };
        grants.iter().filter(of_product).map(|grant| grant.level).max()
    };
    products.iter().map(on).collect::<Option<Vec<_>>>()?.into_iter().min()
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.looked_at {
            LookedAt::Patterns if self.allows => return f.write_str("What the roles allow everywhere includes it."),
            LookedAt::Patterns => return f.write_str("What the roles allow everywhere does not include it."),
            LookedAt::Unknown => {
                return f.write_str("Which products belong to which solutions is not known now: nothing flows.");
            }
            LookedAt::OnEveryProduct if self.level.is_none() => {
                return f.write_str("Not every product of the solution is granted: nothing follows from them.");
            }
            LookedAt::OnEveryProduct => f.write_str("The lowest grant on the products of the solution")?,
            LookedAt::OnIt(id) => write!(f, "The grant {id} on the thing itself")?,
            LookedAt::OnAll(id) => write!(f, "The grant {id} on all of the kind")?,
            LookedAt::OnAllOf(GrantedType::Solution, id) => write!(f, "The grant {id} on all solutions")?,
            LookedAt::OnAllOf(_, id) => write!(f, "The grant {id} on all products")?,
            LookedAt::OnSolution(solution, id) => {
                write!(f, "The grant {id} on the solution {solution}, which bundles the product,")?;
            }
        }
        let level = self.level.map_or("nothing", GrantLevel::as_str);
        write!(f, " gives {level}: that is {}enough.", if self.allows { "" } else { "not " })
    }
}
