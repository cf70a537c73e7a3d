use std::sync::Arc;

use athenz_model::{ManualClock, Timestamp};
use athenz_policy::{Directory, Domain};
use athenz_zts::Replica;
use athenz_zts::index::Index;
use athenz_zts::replica::Applied;
use athenz_zts::source::{Checkpoint, Epoch, Event, TrustedDomain};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::trusted;

fn replica() -> Replica {
    Replica::new(Arc::new(ManualClock::new(Timestamp::from_seconds(1_000))), None)
}

fn domain(name: &str, second: i64, members: &[u8], host: u8, enabled: bool) -> Value {
    let members: Vec<Value> = members.iter().map(|n| json!({"memberName": format!("user.u{n}")})).collect();
    json!({
        "name": name, "modified": Timestamp::from_seconds(second).to_string(), "enabled": enabled,
        "roles": [
            {"name": format!("{name}:role.r"), "roleMembers": members, "tags": {"zts.IssueRoleCerts": {"list": ["true"]}}},
            {"name": "elsewhere:role.r", "roleMembers": [{"memberName": "user.evil"}]}
        ],
        "groups": [{"name": format!("{name}:group.g"), "groupMembers": [{"memberName": format!("user.u{host}")}]}],
        "services": [{"name": format!("{name}.s"), "hosts": [format!("h{host}")], "publicKeys": [{"id": "0", "key": format!("k{host}")}]}]
    })
}

fn upsert(document: Value) -> Event {
    Event::Upsert(Arc::new(trusted(document)))
}

#[test]
fn names_of_members_that_are_gone_are_forgotten() {
    let replica = replica();
    let of = |name: &str, second: i64, from: usize, count: usize| {
        let members: Vec<Value> =
            (from..from + count).map(|n| json!({"memberName": format!("user.n{n}")})).collect();
        let mut document = domain(name, second, &[3, 1, 2], 1, true);
        document["roles"][0]["roleMembers"].as_array_mut().unwrap().extend(members);
        document
    };
    replica.apply(vec![upsert(domain("kept", 1, &[2, 1], 1, true))]);
    let late = replica.prepare(&trusted(domain("late", 1, &[2, 9], 2, true)));
    let kept = |index: &Index| -> Vec<String> {
        picture(index).into_iter().filter(|line| line.starts_with("kept")).collect()
    };
    let before = kept(&replica.index());
    for round in 0..10 {
        replica.apply(vec![upsert(of("busy", round + 1, usize::try_from(round).unwrap() * 4_000, 4_000))]);
        let (names, in_use) = (replica.index().principals().len(), 4_004);
        assert!(names <= 2 * in_use + 10_000 + (in_use + 10_000) / 2, "{names} names in round {round}");
    }
    replica.load(Default::default(), vec![late]);
    let index = replica.index();
    assert!(index.principals().len() < 26_000);
    assert_eq!(kept(&index), before);
    let fresh = self::replica();
    let ninth = of("busy", 10, 36_000, 4_000);
    let (late, stays) = (domain("late", 1, &[2, 9], 2, true), domain("kept", 1, &[2, 1], 1, true));
    fresh.apply(vec![upsert(stays), upsert(ninth), upsert(late)]);
    assert_eq!(picture(&index), picture(&fresh.index()));
}

/// Everything an index knows, in an order that does not depend on its history.
fn picture(index: &Index) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in index.domain_names() {
        let entry = index.domain(name).unwrap();
        lines.push(format!("{name} {}", entry.tag()));
        entry.for_each_role(&mut |role, view| {
            let mut members: Vec<&str> =
                view.members.iter().map(|member| index.principals().text(member.principal)).collect();
            members.sort_unstable();
            lines.push(format!("{name}:role.{role} {members:?}"));
        });
        for (group, members) in entry.groups() {
            let members: Vec<_> =
                members.iter().map(|member| index.principals().name(member.principal)).collect();
            lines.push(format!("{name}:group.{group} {members:?}"));
        }
        for (service, found) in entry.services().into_iter().flatten() {
            let keys: Vec<_> = found.keys().iter().map(|key| (key.id(), key.text())).collect();
            lines.push(format!("{name}.{service} {keys:?}"));
        }
    }
    for host in 0..4 {
        lines.push(format!("h{host} {:?}", index.services_of_host(&format!("h{host}"))));
    }
    let certificate_domains: Vec<&str> = index.certificate_domains().map(|entry| entry.name()).collect();
    lines.push(format!("{certificate_domains:?}"));
    lines.sort();
    lines
}

proptest! {
    /// Whatever happened on the way, an index is what a rebuild from the last documents gives.
    #[test]
    fn updates_give_what_a_rebuild_gives(
        steps in proptest::collection::vec(
            (0_usize..4, proptest::collection::vec(0_u8..6, 0..4), 0_u8..4, 0_u8..8), 1..24
        )
    ) {
        let replica = replica();
        let mut last: std::collections::BTreeMap<String, Option<Value>> = std::collections::BTreeMap::new();
        for (second, (which, members, host, kind)) in (0_i64..).zip(steps) {
            let name = format!("d{which}");
            if kind == 0 {
                replica.apply(vec![Event::Delete(name.clone())]);
                last.insert(name, None);
            } else {
                let document = domain(&name, second, &members, host, kind != 1);
                replica.apply(vec![upsert(document.clone())]);
                last.insert(name, Some(document));
            }
        }
        let rebuilt = self::replica();
        rebuilt.apply(last.into_values().flatten().map(upsert).collect());
        prop_assert_eq!(picture(&replica.index()), picture(&rebuilt.index()));
    }
}

#[test]
fn what_does_not_belong_to_a_domain_is_left_out() {
    let replica = replica();
    replica.apply(vec![upsert(domain("d", 1, &[1], 0, true))]);
    let index = replica.index();
    let names: Vec<&str> = index.domain("d").unwrap().roles().map(|(name, _)| name).collect();
    assert_eq!(names, ["r"]);
}

#[test]
fn an_older_state_is_refused_within_an_epoch() {
    let replica = replica();
    let names = |replica: &Replica| picture(&replica.index())[0..1].to_vec();
    replica.apply(vec![upsert(domain("d", 5, &[1], 0, true))]);
    let held = names(&replica);
    let older =
        replica.apply(vec![upsert(domain("d", 4, &[2], 0, true)), upsert(domain("e", 1, &[], 1, true))]);
    assert_eq!(older, [Applied::Older { domain: "d".to_owned() }, Applied::Taken], "the other one is taken");
    assert!(names(&replica).iter().all(|line| held.contains(line) || line.contains('e')));
    assert_eq!(replica.index().domain("d").unwrap().modified().seconds(), 5);

    replica.apply(vec![Event::Delete("d".to_owned())]);
    let replayed = replica.apply(vec![upsert(domain("d", 4, &[2], 0, true))]);
    assert_eq!(replayed, [Applied::Older { domain: "d".to_owned() }], "a deleted domain does not come back");

    let data = serde_json::from_value(domain("d", 1, &[3], 0, true)).unwrap();
    let restored = TrustedDomain::from_process(Arc::new(data), Epoch(2)).unwrap();
    replica.apply(vec![Event::Upsert(Arc::new(restored))]);
    assert_eq!(replica.index().domain("d").unwrap().modified().seconds(), 1, "another epoch starts anew");
}

#[test]
fn a_reader_keeps_what_it_holds() {
    let replica = replica();
    replica.apply(vec![upsert(domain("d", 1, &[1], 0, true))]);
    let before = Arc::clone(&replica.index());
    replica.apply(vec![upsert(domain("d", 2, &[2], 1, false))]);
    assert!(before.domain("d").is_some() && replica.index().domain("d").is_none());
    assert!(before.services_of_host("h0").is_some() && replica.index().services_of_host("h0").is_none());
}

#[test]
fn a_checkpoint_says_how_fresh_the_replica_is() {
    let replica = replica();
    assert_eq!(replica.fresh_at(), None);
    let point = Checkpoint { epoch: Epoch(3), sequence: 17 };
    replica.apply(vec![Event::Checkpoint(point.clone())]);
    assert_eq!((replica.fresh_at(), replica.checkpoint()), (Some(Timestamp::from_seconds(1_000)), point));
}

#[tokio::test]
async fn the_channel_of_the_process_is_followed_to_its_end() {
    let replica = Arc::new(replica());
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let following = tokio::spawn(athenz_zts::source::channel::follow(replica.clone(), receiver));
    for n in 0..10 {
        sender.send(upsert(domain(&format!("d{n}"), n, &[1], 0, true))).await.unwrap();
    }
    sender.send(Event::Delete("d3".to_owned())).await.unwrap();
    drop(sender);
    following.await.unwrap();
    assert_eq!((replica.index().len(), replica.index().domain("d3").is_none()), (9, true));
}

#[test]
fn a_disabled_domain_is_no_departure() {
    let replica = replica();
    let gone = || replica.index().departed().contains("d.s");
    replica.apply(vec![upsert(domain("d", 1, &[1], 0, true))]);
    replica.apply(vec![upsert(domain("d", 2, &[1], 0, false))]);
    assert!(!gone() && replica.index().domain("d").is_none());
    let mut without = domain("d", 3, &[1], 0, false);
    without["services"] = json!([]);
    replica.apply(vec![upsert(without)]);
    assert!(gone(), "deleted while the domain is disabled");
    replica.apply(vec![upsert(domain("d", 2, &[1], 0, true))]);
    assert!(gone(), "an older state changes nothing");
    replica.apply(vec![upsert(domain("d", 4, &[1], 0, true))]);
    assert!(!gone());
}
