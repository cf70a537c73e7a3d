//! How long a large world takes to load, how much memory it needs, and what a commit costs.
//!
//! `ATHENZ_MEMBERS=4000000 cargo bench -p athenz-store --bench load`

#![expect(clippy::print_stdout, reason = "a benchmark shows its figures")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark that fails stops")]

use std::sync::Arc;
use std::time::Instant;

use athenz_model::Timestamp;
use athenz_model::names::{DomainName, EntityName, MemberName};
use athenz_store::testing::SqliteFile;
use athenz_store::{Batch, Store};
use athenz_world::{Change, ChangeSet, CollectionKind, LogEntry, MemberRow, Sequence, World};

const ROLES: i64 = 50;
const MEMBERS: i64 = 100;
const COMMITS: i64 = 5_000;

fn main() {
    let memberships = std::env::var("ATHENZ_MEMBERS").map_or(400_000, |text| text.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(memberships));
}

async fn run(memberships: i64) {
    let file = SqliteFile::new();
    drop(file.open().await);
    fill(&file, memberships / (ROLES * MEMBERS));
    let store = file.open().await;
    let (before, start) = (resident(), Instant::now());
    let mut world = store.load().await.unwrap();
    let elapsed = start.elapsed();
    println!(
        "load {memberships} memberships: {elapsed:.2?}, {} MiB more resident",
        (resident() - before) >> 20
    );
    let again = Instant::now();
    drop(store.load().await.unwrap());
    println!("load again: {:.2?}", again.elapsed());
    commit(&store, &mut world).await;
}

/// Rows as commits would have made them, written directly since only loading is measured.
fn fill(file: &SqliteFile, domains: i64) {
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <";
    let (collections, principals) = (domains * ROLES, (domains * 200).max(MEMBERS * 2));
    let sql = format!(
        "BEGIN;
         INSERT INTO principal (id, name, registration) {numbers} {principals}) SELECT i, 'user.person' || i, 1 FROM n;
         INSERT INTO domain (id, name, revision, modified, attributes) {numbers} {domains})
             SELECT i, 'company.division.domain' || i, 0, 0, '{{}}' FROM n;
         INSERT INTO collection (id, domain_id, kind, name, created, modified) {numbers} {collections})
             SELECT i, 1 + (i - 1) / {ROLES}, 'role', 'role' || i, 0, 0 FROM n;
         INSERT INTO member (collection_id, principal_id, requester_id, system_disabled, inactive, expiration)
             {numbers} {MEMBERS})
             SELECT c.id, 1 + (c.id * 7919 + i * 104729) % {principals}, 1 + c.id % {principals}, 0, 0,
                 CASE WHEN i % 4 = 0 THEN 1800000000000 END FROM collection c, n WHERE true
             ON CONFLICT DO NOTHING;
         COMMIT;"
    );
    let start = Instant::now();
    connection.execute_batch(&sql).unwrap();
    println!("rows of {domains} domains written in {:.2?}", start.elapsed());
}

/// One membership a commit, as a busy server without any company on its queue.
async fn commit(store: &Store, world: &mut World) {
    let (wall, cpu) = (Instant::now(), processor_seconds());
    let mut deciding = 0.0;
    for number in 0..COMMITS {
        let started = Instant::now();
        let entry = entry(world, number);
        deciding += started.elapsed().as_secs_f64();
        let transaction = store.begin().await.unwrap();
        let batch = Arc::new(Batch { id: entry.batch.clone(), entries: vec![entry] });
        transaction.commit(Arc::clone(&batch)).await.unwrap();
        let started = Instant::now();
        world.apply(&batch.entries[0]).unwrap();
        deciding += started.elapsed().as_secs_f64();
    }
    let each = |seconds: f64| seconds * 1e6 / f64::from(i32::try_from(COMMITS).unwrap());
    println!(
        "commit of one membership: {:.0} us, of it {:.0} us CPU (deciding and applying {:.0} us)",
        each(wall.elapsed().as_secs_f64()),
        each(processor_seconds() - cpu),
        each(deciding)
    );
}

fn entry(world: &World, number: i64) -> LogEntry {
    let now = Timestamp::from_seconds(1_800_000_000 + number);
    let member =
        MemberRow::new(MemberName::parse(&format!("user.new{}", number % 1000)).unwrap(), "user.admin");
    let name = EntityName::parse("role1").unwrap();
    let domain = DomainName::parse("company.division.domain1").unwrap();
    let mut changes =
        ChangeSet::loud(domain.clone(), vec![Change::PutMember { kind: CollectionKind::Role, name, member }]);
    changes.register_members(|name| world.is_registered(name));
    let mut entry = LogEntry {
        format: LogEntry::FORMAT,
        sequence: Sequence(world.head.sequence.0 + 1),
        batch: format!("{number:032x}"),
        time: now,
        stamp: world.head.next_stamp(now),
        next_id: world.head.next_id,
        actor: "user.admin".to_owned(),
        caller: "CN=user.admin".to_owned(),
        operation: "putMembership".to_owned(),
        audit_reference: "ticket".to_owned(),
        before: world.before(&changes),
        changes,
        fingerprints: Default::default(),
    };
    let mut after = world.clone();
    after.apply(&entry).unwrap();
    entry.fingerprints = [(domain.clone(), after.domain(&domain).unwrap().fingerprint)].into();
    entry
}

/// Bytes of memory in use, where Linux tells; otherwise 0.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

/// Processor time of this process, where Linux tells; otherwise 0.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = |place| {
        after_name.split(' ').nth(place).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default()
    };
    (ticks(12) + ticks(13)) / 100.0
}
