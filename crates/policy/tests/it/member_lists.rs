//! Member lists against an ordinary map.

use std::collections::BTreeMap;

use athenz_model::Timestamp;
use athenz_policy::{Member, Members, PrincipalId, Principals};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Put { first: usize, count: usize, stride: usize, expiration: i64 },
    Remove { first: usize, count: usize, stride: usize },
    Reload,
}

const NAMES: usize = 8000;

fn step() -> impl Strategy<Value = Step> {
    let range = (0..NAMES, 1..2500_usize, 1..4_usize);
    prop_oneof![
        4 => (range.clone(), 0..9_i64)
            .prop_map(|((first, count, stride), expiration)| Step::Put { first, count, stride, expiration }),
        3 => range.prop_map(|(first, count, stride)| Step::Remove { first, count, stride }),
        1 => Just(Step::Reload),
    ]
}

/// Every eleventh name is a wildcard, every thirteenth a group.
fn name(n: usize) -> String {
    match n {
        n if n % 11 == 0 => format!("dom{n}.*"),
        n if n % 13 == 0 => format!("dom:group.g{n}"),
        n => format!("user.u{n}"),
    }
}

fn groups(members: &Members) -> Vec<PrincipalId> {
    members.groups().map(|(member, _)| member.principal).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn members_behave_as_a_map(steps in proptest::collection::vec(step(), 1..12)) {
        let principals = Principals::new();
        let ids: Vec<PrincipalId> = (0..NAMES).map(|n| principals.intern(&name(n))).collect();
        let mut members = Members::new();
        let mut model: BTreeMap<PrincipalId, Member> = BTreeMap::new();
        for step in steps {
            let (before, before_model) = (members.clone(), model.clone());
            match step {
                Step::Put { first, count, stride, expiration } => {
                    for id in ids.iter().skip(first).step_by(stride).take(count) {
                        let expiration = Some(Timestamp::from_seconds(expiration));
                        let member = Member { expiration, ..Member::of(*id) };
                        prop_assert_eq!(members.insert(member, &principals), model.insert(*id, member));
                    }
                }
                Step::Remove { first, count, stride } => {
                    for id in ids.iter().skip(first).step_by(stride).take(count) {
                        prop_assert_eq!(members.remove(*id), model.remove(id));
                    }
                }
                Step::Reload => members = Members::from_sorted(members.iter().copied().collect(), &principals),
            }
            prop_assert_eq!(members.len(), model.len());
            prop_assert!(members.iter().eq(model.values()));
            for id in ids.iter().step_by(7) {
                prop_assert_eq!(members.get(*id), model.get(id));
            }
            let is_group = |id: &&PrincipalId| principals.text(**id).contains(":group.");
            prop_assert!(groups(&members).iter().eq(model.keys().filter(is_group)));
            // a snapshot does not change
            prop_assert!(before.iter().eq(before_model.values()));
        }
    }
}

#[test]
fn the_last_of_several_entries_counts_in_a_bulk_load() {
    let principals = Principals::new();
    let (a, b) = (principals.intern("user.a"), principals.intern("user.b"));
    let inactive = Member { active: false, ..Member::of(a) };
    let members = Members::from_sorted(vec![Member::of(b), Member::of(a), inactive], &principals);
    assert_eq!(members.iter().copied().collect::<Vec<_>>(), [inactive, Member::of(b)]);
}
