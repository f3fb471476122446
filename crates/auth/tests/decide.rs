//! Laws of the one decision about grants.

use auth::{Grant, LookedAt, Patterns, Question, decide, gives, level_held, needed};
use contracts::identity::GrantLevel::{self, Admin, Read, Write};
use contracts::identity::GrantedType::{self, Customer, Product, Solution};
use kernel::GrantId;
use proptest::prelude::*;
use uuid::Uuid;

const PERMISSIONS: [&str; 7] = [
    "catalog:product:read",
    "catalog:product:write",
    "catalog:product:admin",
    "adoption:customer:read",
    "adoption:plan:write",
    "adoption:customer:admin",
    "identity:role:write",
];

/// The `n`-th of a few things.
fn thing(n: u8) -> Uuid {
    Uuid::from_u128(u128::from(n) + 1)
}

fn grant(on: GrantedType, id: Option<u8>, level: GrantLevel) -> Grant {
    Grant { id: GrantId::fresh(), resource_type: on, resource_id: id.map(thing), level }
}

fn kind() -> impl Strategy<Value = GrantedType> {
    prop::sample::select(GrantedType::ALL)
}

fn a_grant() -> impl Strategy<Value = Grant> {
    (kind(), prop::option::of(0..4_u8), prop::sample::select(GrantLevel::ALL))
        .prop_map(|(on, id, level)| grant(on, id, level))
}

fn grants() -> impl Strategy<Value = Vec<Grant>> {
    prop::collection::vec(a_grant(), 0..6)
}

fn patterns() -> impl Strategy<Value = Patterns> {
    const SOME: [&str; 7] = [
        "*",
        "catalog:*:read",
        "catalog:product:write",
        "catalog:*:*",
        "adoption:*:*",
        "adoption:customer:read",
        "identity:*:*",
    ];
    prop::collection::vec(prop::sample::select(&SOME[..]).prop_map(str::to_owned), 0..3).prop_map(Patterns::new)
}

fn related() -> impl Strategy<Value = Option<Vec<Uuid>>> {
    prop::option::of(prop::collection::vec((0..4_u8).prop_map(thing), 0..4))
}

fn question() -> impl Strategy<Value = (&'static str, GrantedType, Option<Uuid>, Option<Vec<Uuid>>)> {
    (prop::sample::select(&PERMISSIONS[..]), kind(), prop::option::of((0..4_u8).prop_map(thing)), related())
}

/// The rules of dap.md 6.1, said again in the plainest way.
fn naive(grants: &[Grant], on: GrantedType, id: Option<Uuid>, related: Option<&[Uuid]>) -> Option<GrantLevel> {
    let best = |kind: GrantedType, which: Option<Uuid>| {
        let fits =
            |grant: &&Grant| grant.resource_type == kind && (grant.resource_id.is_none() || grant.resource_id == which);
        grants.iter().filter(fits).map(|grant| grant.level).max()
    };
    let direct = best(on, id);
    let Some(_) = id else { return direct };
    let flow = match on {
        Customer => None,
        Product => related
            .unwrap_or_default()
            .iter()
            .map(|solution| best(Solution, Some(*solution)))
            .max()
            .flatten()
            .max(best(Solution, None)),
        Solution => {
            let each: Vec<_> =
                related.unwrap_or_default().iter().map(|product| best(Product, Some(*product))).collect();
            each.into_iter().min().flatten().max(best(Product, None))
        }
    };
    direct.max(flow)
}

proptest! {
    #[test]
    fn it_decides_as_the_plain_rules_do(patterns in patterns(), grants in grants(), (permission, on, id, related) in question()) {
        let asked = Question { permission, resource_type: on, resource_id: id, related: related.as_deref() };
        let decision = decide(&patterns, &grants, &asked);
        let by_grants = naive(&grants, on, id, related.as_deref());
        let enough = by_grants.zip(needed(on, permission)).is_some_and(|(level, needed)| level >= needed);
        prop_assert_eq!(decision.allowed, patterns.allow(permission) || enough);
        prop_assert_eq!(decision.level, by_grants.max(level_held(&patterns, on)));
        prop_assert_eq!(decision.allowed, decision.rules.iter().any(|rule| rule.allows));
    }

    #[test]
    fn one_more_grant_takes_nothing_away(patterns in patterns(), grants in grants(), more in a_grant(), (permission, on, id, related) in question()) {
        let asked = Question { permission, resource_type: on, resource_id: id, related: related.as_deref() };
        let before = decide(&patterns, &grants, &asked);
        let after = decide(&patterns, &[grants, vec![more]].concat(), &asked);
        prop_assert!(after.allowed || !before.allowed);
        prop_assert!(after.level >= before.level);
    }

    #[test]
    fn patterns_alone_allow_what_they_allow(patterns in patterns(), (permission, on, id, related) in question()) {
        let asked = Question { permission, resource_type: on, resource_id: id, related: related.as_deref() };
        prop_assert_eq!(decide(&patterns, &[], &asked).allowed, patterns.allow(permission));
    }

    #[test]
    fn a_grant_on_one_thing_says_nothing_of_an_unrelated_one(on in kind(), of in kind(), level in prop::sample::select(GrantLevel::ALL), (permission, ..) in question()) {
        let granted = [grant(on, Some(0), level)];
        let asked = Question { permission, resource_type: of, resource_id: Some(thing(1)), related: Some(&[thing(2), thing(3)]) };
        prop_assert!(!decide(&Patterns::default(), &granted, &asked).allowed);
    }
}

#[test]
fn a_level_gives_all_that_the_lower_ones_do() {
    for on in GrantedType::ALL {
        for (lower, higher) in [(Read, Write), (Write, Admin)] {
            let higher = Patterns::new(gives(*on, higher).iter().map(|given| (*given).to_owned()));
            assert!(gives(*on, lower).iter().all(|given| higher.allow(given)), "{on} {lower}");
        }
    }
    assert_eq!(needed(Product, "catalog:product:write"), Some(Write));
    assert_eq!(needed(Customer, "adoption:task:write"), Some(Write));
    assert_eq!(needed(Customer, "telemetry:value:read"), Some(Read));
    assert_eq!(needed(Customer, "catalog:product:read"), None);
}

#[test]
fn rights_flow_between_products_and_solutions_and_each_rule_says_so() {
    let ask = |on, related: &[Uuid], grants: &[Grant]| {
        let asked = Question {
            permission: "catalog:product:write",
            resource_type: on,
            resource_id: Some(thing(0)),
            related: Some(related),
        };
        decide(&Patterns::default(), grants, &asked)
    };
    let on_solution = [grant(Solution, Some(1), Write)];
    let decision = ask(Product, &[thing(1)], &on_solution);
    assert!(decision.allowed && decision.rules.iter().any(|rule| matches!(rule.looked_at, LookedAt::OnSolution(..))));
    let words: Vec<String> = decision.rules.iter().map(ToString::to_string).collect();
    assert!(words.last().unwrap().ends_with("which bundles the product, gives WRITE: that is enough."), "{words:?}");

    // Every product counts, at the lowest level; a direct grant wins, also for a solution without products.
    let products = [grant(Product, Some(1), Admin), grant(Product, Some(2), Read)];
    assert_eq!(ask(Solution, &[thing(1), thing(2)], &products).level, Some(Read));
    assert_eq!(ask(Solution, &[thing(1), thing(3)], &products).level, None);
    assert_eq!(ask(Solution, &[], &products).level, None);
    assert!(ask(Solution, &[], &[grant(Solution, Some(0), Admin)]).allowed);
    assert!(ask(Solution, &[], &[grant(Product, None, Write)]).allowed);
    assert!(ask(Product, &[], &[grant(Solution, None, Write)]).allowed);

    // A new one takes a grant on all of its own kind.
    let new =
        Question { permission: "catalog:product:write", resource_type: Product, resource_id: None, related: None };
    assert!(decide(&Patterns::default(), &[grant(Product, None, Write)], &new).allowed);
    for less in [grant(Product, Some(0), Admin), grant(Solution, None, Admin), grant(Product, None, Read)] {
        assert!(!decide(&Patterns::default(), &[less], &new).allowed);
    }
}
