//! What holds for SQLite and PostgreSQL alike.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use athenz_model::names::{DomainName, EntityName, MemberName};
use athenz_store::{
    Batch, CommitError, FaultPoint, FaultPoints, LogRecord, LogTail, Outcome, Reloaded, Store, StoreError,
};
use athenz_world::{
    Assertion, Change, ChangeSet, CollectionAttributes, CollectionKind, DomainAttributes, MemberAction,
    MemberAudit, MemberRow, PolicyVersionAttributes, PrincipalChange, Sequence, Unique, World,
};

use crate::node::{Node, Place, START, entries, entry};
use crate::random::{Random, TEXTS};

macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::node::Place::sqlite()).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::node::Place::postgres().await).await;
            })+
        }
    };
}

contract! {
    an_empty_store_is_an_empty_world,
    random_changes_are_the_same_in_rows_and_log,
    texts_are_kept_exactly,
    nul_is_refused_and_nothing_written,
    a_transaction_that_is_dropped_changes_nothing,
    a_batch_must_follow_the_head,
    rows_that_differ_are_noticed,
    one_failing_entry_fails_the_batch,
    an_assertion_stays_in_its_version,
    history_is_read_by_page,
    stamps_rise_whatever_the_clocks_say,
    one_of_two_gets_a_unique_value,
    entries_of_another_version_are_read_from_the_rows,
    a_wrong_entry_is_read_from_the_rows,
    a_pruned_log_means_loading_anew,
    the_log_is_pruned_by_age,
    another_epoch_means_loading_anew,
    a_store_that_was_set_back_is_read_anew,
    an_unknown_outcome_is_found_out,
    faults_before_the_commit_change_nothing,
    a_deleted_domain_takes_everything_along,
    heads_are_heard_of,
    loading_is_one_moment_while_others_commit,
}

pub(crate) fn domain(name: &str) -> DomainName {
    DomainName::parse(name).unwrap()
}

pub(crate) fn role(name: &str) -> (CollectionKind, EntityName) {
    (CollectionKind::Role, EntityName::parse(name).unwrap())
}

pub(crate) fn member(name: &str) -> MemberRow {
    MemberRow::new(MemberName::parse(name).unwrap(), "user.tester")
}

/// Makes a domain with a role.
pub(crate) fn new_domain(name: &str) -> ChangeSet {
    let (kind, role) = role("readers");
    let attributes = CollectionAttributes::new(START);
    ChangeSet::loud(
        domain(name),
        vec![
            Change::PutDomain { attributes: Box::default() },
            Change::PutCollection { kind, name: role, attributes },
        ],
    )
}

/// Adds a member to the role of [`new_domain`].
pub(crate) fn add(name: &str, who: &str) -> ChangeSet {
    let (kind, role) = role("readers");
    let mut set =
        ChangeSet::loud(domain(name), vec![Change::PutMember { kind, name: role, member: member(who) }]);
    set.register_members(|_| false);
    set
}

async fn node(place: &Place) -> Node {
    Node::start(place.open().await).await
}

async fn an_empty_store_is_an_empty_world(place: Place) {
    let node = node(&place).await;
    node.check().await;
    assert_eq!(node.store.head().await.unwrap(), World::default().head);
    assert_eq!(node.store.id().as_str().len(), 32);
    let id = node.store.id().clone();
    drop(node);
    assert_eq!(place.open().await.id(), &id, "a store keeps its id");
}

async fn random_changes_are_the_same_in_rows_and_log(place: Place) {
    let mut node = node(&place).await;
    let mut follower = node.clone();
    let mut random = Random(11);
    let mut seen = HashSet::new();
    for round in 0..150 {
        node.clock = START.plus_seconds(round);
        let batch = format!("batch{round}");
        let committed = node.decide(&batch, |world| decide_random(world, &mut random)).await.unwrap();
        let changes =
            committed.iter().flat_map(|entry| entry.changes.parts.iter().flat_map(|part| &part.changes));
        seen.extend(changes.map(std::mem::discriminant));
        if round % 30 == 29 {
            node.check().await;
            assert_eq!(follower.catch_up().await, Reloaded::Nothing);
            assert_eq!(follower.world.differences(&node.world), Vec::<String>::new(), "follower and leader");
        }
    }
    assert_eq!(seen.len(), 23, "every kind of change was tried");
    // some of the domains, read into an old world
    let transaction = node.store.begin().await.unwrap();
    let names: Vec<_> = ["a", "b", "a.b", "a-b"].map(domain).into();
    let reloaded = transaction.reload_domains(&World::default(), names).await.unwrap();
    let differences = reloaded.differences(&node.world);
    assert!(differences.iter().all(|text| text.starts_with("head")), "{differences:?}");
}

fn decide_random(world: &World, random: &mut Random) -> Vec<ChangeSet> {
    let (mut world, mut sets) = (world.clone(), Vec::new());
    for _ in 0..12 {
        let set = random.change_set(&world);
        if let Some(entry) = entry(&world, world.head.next_stamp(START), "", set.clone()) {
            world.apply(&entry).unwrap();
            sets.push(set);
        }
    }
    sets
}

async fn texts_are_kept_exactly(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let dependencies = TEXTS.iter().map(|text| Change::PutDependency { service: (*text).to_owned() });
    let templates = TEXTS.iter().map(|text| Change::PutTemplate { template: (*text).to_owned(), version: 1 });
    node.commit("2", ChangeSet::quiet(domain("sports"), dependencies.chain(templates).collect()))
        .await
        .unwrap();
    node.check().await;
    let loaded = node.store.load().await.unwrap();
    let sports = loaded.domain("sports").unwrap();
    assert_eq!(sports.dependencies.len(), TEXTS.len(), "no two texts are one");
    assert_eq!(sports.templates.len(), TEXTS.len(), "no two texts are one");
    // deleting one leaves those that look alike
    let delete = Change::DeleteDependency { service: "a".to_owned() };
    node.commit("3", ChangeSet::quiet(domain("sports"), vec![delete])).await.unwrap();
    node.check().await;
    let loaded = node.store.load().await.unwrap();
    assert_eq!(loaded.domain("sports").unwrap().dependencies.len(), TEXTS.len() - 1);
}

async fn nul_is_refused_and_nothing_written(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let (kind, name) = role("readers");
    let mut with_nul = member("user.jane");
    with_nul.audit_reference = "because\0".to_owned();
    let set = ChangeSet::loud(domain("sports"), vec![Change::PutMember { kind, name, member: with_nul }]);
    let error = node.commit("2", set).await.unwrap_err();
    assert!(matches!(error, CommitError::Refused(StoreError::NulInText(_))), "{error:?}");
    assert_eq!(error.to_api().code, 400);
    assert_eq!(node.store.head().await.unwrap().sequence, Sequence(1));
    // in JSON it is escaped, and stays what it is
    let attributes = DomainAttributes { description: "a\0b".to_owned(), ..Default::default() };
    let set = ChangeSet::loud(domain("sports"), vec![Change::PutDomain { attributes: Box::new(attributes) }]);
    node.commit("3", set).await.unwrap();
    node.check().await;
}

async fn a_transaction_that_is_dropped_changes_nothing(place: Place) {
    let mut node = node(&place).await;
    let transaction = node.store.begin().await.unwrap();
    drop(transaction);
    node.commit("1", new_domain("sports")).await.unwrap();
    let entries = node.decide("2", |_| Vec::new()).await.unwrap();
    assert!(entries.is_empty());
    assert_eq!(node.store.outcome_of("2").await.unwrap(), None, "an empty batch is not written");
    node.check().await;
}

async fn a_batch_must_follow_the_head(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let (good, _) =
        entries(&node.world, START, "2", &[add("sports", "user.jane"), add("sports", "user.joe")]);
    type Spoil = fn(&mut [athenz_world::LogEntry]);
    let cases: [(&str, Spoil); 5] = [
        ("a gap", |entries| entries[0].sequence.0 += 1),
        ("a repetition", |entries| entries[0].sequence.0 -= 1),
        ("an old stamp", |entries| entries.iter_mut().for_each(|entry| entry.stamp = START)),
        ("two stamps", |entries| entries[1].stamp = entries[1].stamp.plus_seconds(1)),
        ("another batch", |entries| entries[0].batch = "other".to_owned()),
    ];
    for (what, spoil) in cases {
        let mut entries = good.clone();
        spoil(&mut entries);
        let transaction = node.store.begin().await.unwrap();
        let result = transaction.commit(Arc::new(Batch { id: "2".to_owned(), entries })).await;
        assert!(matches!(result, Err(CommitError::Invalid(_))), "{what}: {result:?}");
    }
    node.check().await;
}

async fn rows_that_differ_are_noticed(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    node.commit("2", add("sports", "user.jane")).await.unwrap();
    place.execute("DELETE FROM member").await;
    let (kind, name) = role("readers");
    let delete = Change::DeleteMember { kind, name, member: member("user.jane").name };
    let error = node.commit("3", ChangeSet::loud(domain("sports"), vec![delete])).await.unwrap_err();
    assert!(matches!(error, CommitError::Diverged(_)), "{error:?}");
    place.execute("DELETE FROM collection").await;
    let error = node.commit("4", add("sports", "user.joe")).await.unwrap_err();
    assert!(matches!(error, CommitError::Diverged(_)), "{error:?}");
    assert_eq!(error.to_api().code, 500);
    assert_eq!(node.store.head().await.unwrap().sequence, Sequence(2), "nothing was written");
    // a world from the rows goes on
    node.world = node.store.load().await.unwrap();
    node.commit("5", new_domain("sports")).await.unwrap();
}

async fn one_failing_entry_fails_the_batch(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let sets = [add("sports", "user.jane"), add("sports", "user.joe")];
    let (mut entries, _) = entries(&node.world, START, "2", &sets);
    entries[1].changes.parts[0].domain = domain("weather");
    let transaction = node.store.begin().await.unwrap();
    let result = transaction.commit(Arc::new(Batch { id: "2".to_owned(), entries })).await;
    assert!(matches!(result, Err(CommitError::Diverged(_))), "{result:?}");
    node.check().await;
}

fn put_assertion(version: &str, id: i64) -> Change {
    let assertion = Assertion {
        id,
        role: "sports:role.readers".to_owned(),
        action: "read".to_owned(),
        resource: "sports:*".to_owned(),
        effect: athenz_model::wire::zms::AssertionEffect::Allow,
        conditions: Vec::new(),
    };
    let version = athenz_model::names::SimpleName::parse(version).unwrap();
    Change::PutAssertion { policy: EntityName::parse("readers").unwrap(), version, assertion }
}

async fn an_assertion_stays_in_its_version(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let version = |text: &str| Change::PutPolicyVersion {
        policy: EntityName::parse("readers").unwrap(),
        version: athenz_model::names::SimpleName::parse(text).unwrap(),
        attributes: PolicyVersionAttributes {
            modified: START,
            active: text == "0",
            spelling: String::new(),
            description: String::new(),
            tags: Default::default(),
            owner: Default::default(),
        },
    };
    let set = vec![version("0"), version("1"), put_assertion("0", 1), put_assertion("0", 1)];
    node.commit("2", ChangeSet::loud(domain("sports"), set)).await.unwrap();
    node.check().await;
    assert_eq!(node.store.head().await.unwrap().next_id, 2);
    let moved = ChangeSet::loud(domain("sports"), vec![put_assertion("1", 1)]);
    let error = node.commit("3", moved).await.unwrap_err();
    assert!(matches!(error, CommitError::Diverged(_)), "a number names one assertion: {error:?}");
}

async fn history_is_read_by_page(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let (kind, name) = role("readers");
    let line = |number: i64| MemberAudit {
        member: member("user.jane").name,
        admin: format!("user.admin{number}"),
        action: MemberAction::Add,
        created: START.plus_seconds(number),
        audit_reference: "why".to_owned(),
    };
    let audit = |number| Change::AuditMember { kind, name: name.clone(), audit: line(number) };
    node.commit("2", ChangeSet::loud(domain("sports"), (0..5).map(audit).collect())).await.unwrap();
    node.check().await;
    let read = |after, limit| node.store.member_audit("sports", kind, "readers", after, limit);
    let first = read(0, 2).await.unwrap();
    assert_eq!(first.audits, [line(0), line(1)]);
    let second = read(first.next.unwrap(), 100).await.unwrap();
    assert_eq!(second.audits, [line(2), line(3), line(4)]);
    assert_eq!(second.next, None);
    for (other_domain, other_kind, other_name) in
        [("sport", kind, "readers"), ("sports", CollectionKind::Group, "readers"), ("sports", kind, "reader")]
    {
        let page = node.store.member_audit(other_domain, other_kind, other_name, 0, 10).await.unwrap();
        assert!(page.audits.is_empty(), "{other_domain} {other_name}");
    }
    // a role that is made again starts without history
    let delete = Change::DeleteCollection { kind, name: name.clone() };
    node.commit("3", ChangeSet::loud(domain("sports"), vec![delete])).await.unwrap();
    assert!(node.store.member_audit("sports", kind, "readers", 0, 10).await.unwrap().audits.is_empty());
}

/// Two processes where the store allows it, otherwise two tasks of one.
async fn two(place: &Place) -> (Node, Node) {
    let one = node(place).await;
    match place {
        Place::Sqlite(_) => (one.clone(), one),
        Place::Postgres(_) => (one, node(place).await),
    }
}

async fn stamps_rise_whatever_the_clocks_say(place: Place) {
    let (mut one, mut two) = two(&place).await;
    two.clock = START.plus_seconds(-3600);
    let write = async |node: &mut Node, who: &str| {
        for round in 0..20 {
            let name = format!("{who}{round}");
            node.commit(&name, new_domain(&name)).await.unwrap();
            if who == "b" {
                node.clock = node.clock.plus_millis(-1);
            }
        }
    };
    tokio::join!(write(&mut one, "a"), write(&mut two, "b"));
    one.catch_up().await;
    one.check().await;
    let stamps: Vec<_> = one.log().await.iter().map(|entry| entry.stamp).collect();
    assert_eq!(stamps.len(), 40);
    assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "{stamps:?}");
    let modified: HashSet<_> = one.world.domains().map(|domain| domain.attributes.modified).collect();
    assert_eq!(modified.len(), 40, "no two domains share a stamp");
}

async fn one_of_two_gets_a_unique_value(place: Place) {
    let (mut one, mut two) = two(&place).await;
    let claim = async |node: &mut Node, who: &str| {
        let mut won = 0;
        for account in 0..15 {
            let account = format!("{account}");
            let name = format!("{who}{account}");
            let batch = node.decide(&name, |world| {
                if world.holder(&Unique::Account(account.clone())).is_some() {
                    return Vec::new();
                }
                let attributes = DomainAttributes { account: account.clone(), ..Default::default() };
                vec![ChangeSet::loud(
                    domain(&name),
                    vec![Change::PutDomain { attributes: Box::new(attributes) }],
                )]
            });
            won += batch.await.unwrap().len();
        }
        won
    };
    let (first, second) = tokio::join!(claim(&mut one, "a"), claim(&mut two, "b"));
    assert_eq!(first + second, 15, "{first} and {second}: one winner each");
    one.catch_up().await;
    one.check().await;
    let accounts: HashSet<_> = one.world.domains().map(|domain| domain.attributes.account.clone()).collect();
    assert_eq!(accounts.len(), 15);
}

async fn entries_of_another_version_are_read_from_the_rows(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let mut follower = node.clone();
    node.commit("2", new_domain("weather")).await.unwrap();
    node.commit("3", add("sports", "user.jane")).await.unwrap();
    let forget = PrincipalChange::Suspend { name: member("user.jane").name, suspended: true };
    let mut set = add("weather", "user.joe");
    set.principals.push(forget);
    node.commit("4", set).await.unwrap();
    place.execute("UPDATE log SET format = 99, entry = '{\"new\": true}' WHERE sequence = 3").await;
    let LogTail::Entries(records) = follower.store.entries_after(Sequence(1), 10).await.unwrap() else {
        panic!("the log is whole");
    };
    assert!(matches!(&records[1], LogRecord::Unreadable { sequence: Sequence(3), domains, .. }
        if *domains == [domain("sports")]));
    let reloaded = follower.catch_up().await;
    assert_eq!(reloaded, Reloaded::Domains(vec![domain("sports"), domain("weather")]));
    assert_eq!(follower.world.differences(&node.world), Vec::<String>::new());
    // and it goes on from there
    follower.commit("5", add("weather", "user.jim")).await.unwrap();
    node.catch_up().await;
    assert_eq!(follower.world.differences(&node.world), Vec::<String>::new());
}

async fn a_wrong_entry_is_read_from_the_rows(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let mut follower = node.clone();
    let entries = node.commit("2", add("sports", "user.jane")).await.unwrap();
    let mut wrong = entries[0].clone();
    wrong.changes = add("sports", "user.joe");
    let text = serde_json::to_string(&wrong).unwrap();
    place.execute(&format!("UPDATE log SET entry = '{text}' WHERE sequence = 2")).await;
    assert_eq!(follower.catch_up().await, Reloaded::Domains(vec![domain("sports")]));
    assert_eq!(follower.world.differences(&node.world), Vec::<String>::new());
    // a domain that was deleted meanwhile is gone after reading it anew
    let mut late = Node { world: World::default(), ..follower.clone() };
    late.world.head.sequence = Sequence(1);
    node.commit("3", ChangeSet::loud(domain("sports"), vec![Change::DeleteDomain])).await.unwrap();
    late.catch_up().await;
    assert_eq!(late.world.differences(&node.world), Vec::<String>::new());
}

async fn a_pruned_log_means_loading_anew(place: Place) {
    let mut node = node(&place).await;
    let mut follower = node.clone();
    for number in 0..5 {
        node.commit(&number.to_string(), new_domain(&format!("d{number}"))).await.unwrap();
    }
    assert_eq!(node.store.prune_log(Sequence(3)).await.unwrap(), 2);
    let tail = node.store.entries_after(Sequence(1), 10).await.unwrap();
    assert_eq!(tail, LogTail::BelowFloor { floor: Sequence(3) });
    let LogTail::Entries(records) = node.store.entries_after(Sequence(2), 2).await.unwrap() else {
        panic!("the log reaches back to 3");
    };
    assert_eq!(records.iter().map(LogRecord::sequence).collect::<Vec<_>>(), [Sequence(3), Sequence(4)]);
    assert_eq!(follower.catch_up().await, Reloaded::Everything);
    assert_eq!(follower.world.differences(&node.world), Vec::<String>::new());
    assert_eq!(node.store.prune_log(Sequence(100)).await.unwrap(), 2, "the last entry stays");
    node.commit("after", new_domain("after")).await.unwrap();
    follower.catch_up().await;
    assert_eq!(follower.world.differences(&node.world), Vec::<String>::new());
}

async fn the_log_is_pruned_by_age(place: Place) {
    let mut node = node(&place).await;
    node.commit("first", new_domain("sports")).await.unwrap();
    let mut behind = node.clone();
    let set = |number: usize| add("sports", &format!("user.u{number}"));
    // more than one step of pruning
    let sets: Vec<ChangeSet> = (0..1_200).map(set).collect();
    node.decide("old", |_| sets).await.unwrap();
    node.clock = START.plus_days(7);
    node.commit("new", new_domain("new")).await.unwrap();
    let mut near = node.clone();
    for number in 0..2 {
        node.commit(&format!("new{number}"), new_domain(&format!("d{number}"))).await.unwrap();
    }
    let history = node.store.member_audit("sports", CollectionKind::Role, "readers", 0, 1_000).await.unwrap();
    assert_eq!(node.store.prune_log_before(START).await.unwrap(), 0);
    assert_eq!(node.store.prune_log_before(START.plus_days(1)).await.unwrap(), 1_201);
    assert_eq!(node.store.prune_log_before(START.plus_days(1)).await.unwrap(), 0);
    let tail = node.store.entries_after(Sequence(0), 10).await.unwrap();
    assert_eq!(tail, LogTail::BelowFloor { floor: Sequence(1_202) });
    assert_eq!(near.catch_up().await, Reloaded::Nothing, "the log still has what it holds and what it lacks");
    assert_eq!(behind.catch_up().await, Reloaded::Everything);
    for follower in [&near, &behind] {
        assert_eq!(follower.world.differences(&node.world), Vec::<String>::new());
        assert_eq!(follower.world.differences(&node.store.load().await.unwrap()), Vec::<String>::new());
    }
    assert_eq!(node.store.prune_log_before(START.plus_days(100)).await.unwrap(), 2, "the last entry stays");
    let kept = node.store.member_audit("sports", CollectionKind::Role, "readers", 0, 1_000).await.unwrap();
    assert_eq!(kept, history, "the history of members is not the log");
    node.commit("after", new_domain("after")).await.unwrap();
    assert_eq!(behind.catch_up().await, Reloaded::Nothing);
}

async fn another_epoch_means_loading_anew(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let head = node.store.raise_epoch().await.unwrap();
    assert_eq!((head.epoch.0, head.sequence), (1, Sequence(1)));
    assert_eq!(node.catch_up().await, Reloaded::Everything);
    node.commit("2", add("sports", "user.jane")).await.unwrap();
    assert_eq!(node.catch_up().await, Reloaded::Nothing);
}

async fn a_store_that_was_set_back_is_read_anew(place: Place) {
    let other = match &place {
        Place::Sqlite(_) => Place::sqlite(),
        Place::Postgres(_) => Place::postgres().await,
    };
    let (mut lost, mut now) = (node(&place).await, node(&other).await);
    for node in [&mut lost, &mut now] {
        node.commit("1", new_domain("sports")).await.unwrap();
    }
    let mut behind = lost.world.clone();
    lost.commit("2", add("sports", "user.jane")).await.unwrap();
    now.clock = START.plus_days(1);
    // behind the world that is held, then as far, then further
    for number in 1..4 {
        if number > 1 {
            now.commit(&format!("other {number}"), new_domain(&format!("d{number}"))).await.unwrap();
        }
        let mut follower = Node { world: lost.world.clone(), ..now.clone() };
        assert_eq!(follower.catch_up().await, Reloaded::Everything, "{number}");
        assert_eq!(follower.world.differences(&now.world), Vec::<String>::new());
        let held = now.store.begin().await.unwrap();
        assert_eq!(held.catch_up(&lost.world).await.unwrap().reloaded, Reloaded::Everything, "{number}");
        let caught = held.catch_up(&behind).await.unwrap();
        assert_eq!(caught.reloaded, Reloaded::Nothing, "what it holds is still so");
        behind = caught.world;
    }
}

async fn an_unknown_outcome_is_found_out(place: Place) {
    let lost = || {
        FaultPoints::new(|point| match point {
            FaultPoint::AfterCommit => Err(StoreError::Unavailable("the answer was lost".to_owned())),
            _ => Ok(()),
        })
    };
    let mut node = Node::start(place.open_with(lost()).await).await;
    let error = node.commit("1", new_domain("sports")).await.unwrap_err();
    assert!(matches!(&error, CommitError::Unknown { batch, .. } if batch == "1"), "{error:?}");
    assert_eq!(error.to_api().code, 503);
    let outcome = node.store.outcome_of("1").await.unwrap();
    assert_eq!(outcome, Some(Outcome { first: Sequence(1), last: Sequence(1) }));
    assert_eq!(node.store.outcome_of("2").await.unwrap(), None);
    node.catch_up().await;
    node.check().await;
}

async fn faults_before_the_commit_change_nothing(place: Place) {
    let faults: [(FaultPoint, StoreError, u16); 4] = [
        (FaultPoint::BeforeStatements, StoreError::Conflict("x".to_owned()), 409),
        (FaultPoint::BeforeCommit, StoreError::Full("x".to_owned()), 503),
        (FaultPoint::BeforeCommit, StoreError::Unavailable("x".to_owned()), 503),
        (FaultPoint::BeforeCommit, StoreError::ReadOnly("x".to_owned()), 410),
    ];
    let current = Arc::new(std::sync::Mutex::new(None));
    let hook = {
        let current = Arc::clone(&current);
        FaultPoints::new(move |point| match &*current.lock().unwrap() {
            Some((at, error)) if *at == point => Err(StoreError::clone(error)),
            _ => Ok(()),
        })
    };
    let mut node = Node::start(place.open_with(hook).await).await;
    for (number, (point, error, code)) in faults.into_iter().enumerate() {
        *current.lock().unwrap() = Some((point, error.clone()));
        let batch = number.to_string();
        let result = node.commit(&batch, new_domain("sports")).await.unwrap_err();
        assert_eq!(result, CommitError::from(error), "{point:?}");
        assert_eq!(result.to_api().code, code, "{point:?}");
        assert!(!result.to_api().message.contains('x'), "the text of the database stays inside");
        assert_eq!(node.store.outcome_of(&batch).await.unwrap(), None);
    }
    *current.lock().unwrap() = None;
    node.commit("good", new_domain("sports")).await.unwrap();
    node.check().await;
}

async fn a_deleted_domain_takes_everything_along(place: Place) {
    let mut node = node(&place).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    node.commit("2", add("sports", "user.jane")).await.unwrap();
    node.commit("3", ChangeSet::loud(domain("sports"), vec![Change::DeleteDomain])).await.unwrap();
    node.check().await;
    assert_eq!(node.world.tombstones().collect::<Vec<_>>(), [(&domain("sports"), Sequence(3))]);
    // made again by a process that knows nothing of the deletion yet
    let (mut first, mut second) = two(&place_again(&place, &mut node).await).await;
    first.commit("4", new_domain("sports")).await.unwrap();
    second.commit("5", add("sports", "user.joe")).await.unwrap();
    second.check().await;
    let readers = second.world.collection(CollectionKind::Role, "sports", "readers").unwrap().members.len();
    assert_eq!(readers, 1, "the members of the old role are gone");
    assert_eq!(second.world.tombstones().count(), 0);
}

/// The same place once more, with the store of the node closed where only one may be open.
async fn place_again(place: &Place, node: &mut Node) -> Place {
    match place {
        Place::Postgres(url) => Place::Postgres(url.clone()),
        Place::Sqlite(_) => {
            let copy = Place::sqlite();
            let Place::Sqlite(file) = &copy else { unreachable!("a copy of SQLite is SQLite") };
            node.store.backup(&file.path()).await.unwrap();
            copy
        }
    }
}

async fn heads_are_heard_of(place: Place) {
    let (mut one, two) = two(&place).await;
    let mut heads = two.store.listen();
    let store: &Store = &two.store;
    assert_eq!(store.head().await.unwrap().sequence, Sequence(0));
    // a hint may be lost while the listener connects, the next one is not
    for number in 1.. {
        one.commit(&number.to_string(), new_domain(&format!("d{number}"))).await.unwrap();
        let wait = tokio::time::timeout(std::time::Duration::from_secs(1), heads.changed()).await;
        if let Ok(changed) = wait {
            changed.unwrap();
            assert!(heads.borrow().0 >= 1);
            return;
        }
        assert!(number < 20, "no hint came");
    }
}

/// Enough roles for several readers, each with members of its own.
async fn loading_is_one_moment_while_others_commit(place: Place) {
    const ROLES: usize = 300;
    let mut node = node(&place).await;
    node.commit("domain", new_domain("sports")).await.unwrap();
    let put = |number: usize, round: usize| {
        let (kind, name) = role(&format!("role{number}"));
        let mut member = member(&format!("user.person{}", (number + round) % 7));
        member.audit_reference = format!("ticket {number} {round}");
        Change::PutMember { kind, name, member }
    };
    let roles = (0..ROLES).flat_map(|number| {
        let (kind, name) = role(&format!("role{number}"));
        let attributes = CollectionAttributes::new(START);
        [Change::PutCollection { kind, name, attributes }, put(number, 0)]
    });
    let mut set = ChangeSet::loud(domain("sports"), roles.collect());
    set.register_members(|_| false);
    node.commit("roles", set).await.unwrap();
    let mut at = BTreeMap::from([(node.world.head.sequence, node.world.clone())]);
    let loading = tokio::spawn({
        let store = node.store.clone();
        async move {
            let mut loaded = Vec::new();
            for _ in 0..20 {
                loaded.push(store.load().await.unwrap());
            }
            loaded
        }
    });
    let mut round = 0;
    while !loading.is_finished() {
        round += 1;
        // the first role and the last, so that a world of two moments would show
        let changes = vec![put(0, round), put(ROLES - 1, round)];
        node.commit(&format!("round {round}"), ChangeSet::loud(domain("sports"), changes)).await.unwrap();
        at.insert(node.world.head.sequence, node.world.clone());
    }
    for loaded in loading.await.unwrap() {
        let expected = &at[&loaded.head.sequence];
        assert_eq!(expected.differences(&loaded), Vec::<String>::new(), "at {:?}", loaded.head.sequence);
    }
    node.check().await;
}
