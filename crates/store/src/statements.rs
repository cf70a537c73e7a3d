//! The SQL that both databases run, with `$n` for arguments. SQLite would number `$n` by first
//! appearance, so it is given `?n`.

use std::sync::LazyLock;

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        /// A statement that is prepared once a connection.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Statement { $($(#[$doc])* $name,)* }

        impl Statement {
            /// Every statement.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// As PostgreSQL takes it.
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

/// The number of the domain named by the first argument.
macro_rules! domain {
    () => {
        "(SELECT id FROM domain WHERE name = $1)"
    };
}

/// The number of the role or group named by the first three arguments.
macro_rules! collection {
    () => {
        "(SELECT c.id FROM domain d JOIN collection c ON c.domain_id = d.id \
          WHERE d.name = $1 AND c.kind = $2 AND c.name = $3)"
    };
}

/// The number of the policy version named by the first three arguments.
macro_rules! version {
    () => {
        "(SELECT v.id FROM domain d JOIN policy_version v ON v.domain_id = d.id \
          WHERE d.name = $1 AND v.policy = $2 AND v.version = $3)"
    };
}

statements! {
    /// A name that memberships may refer to; registered or not stays as it is.
    EnsurePrincipal = "INSERT INTO principal (name, registration) \
        SELECT CAST($1 AS text), 0 WHERE NOT EXISTS (SELECT 1 FROM principal WHERE name = $1) \
        ON CONFLICT (name) DO NOTHING";
    RegisterPrincipal = "INSERT INTO principal (name, registration) VALUES ($1, $2) \
        ON CONFLICT (name) DO UPDATE SET registration = excluded.registration";

    PutDomain = "INSERT INTO domain (name, revision, modified, attributes) VALUES ($1, 0, $2, $3) \
        ON CONFLICT (name) DO UPDATE SET modified = excluded.modified, attributes = excluded.attributes";
    TouchDomain = "UPDATE domain SET revision = $2, modified = $3 WHERE name = $1";
    DeleteDomain = "DELETE FROM domain WHERE name = $1";
    PutTombstone = "INSERT INTO tombstone (domain, revision) VALUES ($1, $2) \
        ON CONFLICT (domain) DO UPDATE SET revision = excluded.revision";
    DeleteTombstone = "DELETE FROM tombstone WHERE domain = $1";

    PutCollection = concat!(
        "INSERT INTO collection (domain_id, kind, name, created, modified, trust, settings) VALUES (",
        domain!(), ", $2, $3, $4, $5, $6, $7) ON CONFLICT (domain_id, kind, name) DO UPDATE SET \
        created = excluded.created, modified = excluded.modified, trust = excluded.trust, \
        settings = excluded.settings"
    );
    TouchCollection = concat!(
        "UPDATE collection SET modified = $4 WHERE domain_id = ", domain!(), " AND kind = $2 AND name = $3"
    );
    DeleteCollection = concat!(
        "DELETE FROM collection WHERE domain_id = ", domain!(), " AND kind = $2 AND name = $3"
    );
    PutMember = concat!(
        "INSERT INTO member (collection_id, principal_id, requester_id, audit_reference, system_disabled, \
        inactive, expiration, review_reminder) VALUES (", collection!(),
        ", (SELECT id FROM principal WHERE name = $4), (SELECT id FROM principal WHERE name = $5), \
        $6, $7, $8, $9, $10) ON CONFLICT (collection_id, principal_id) DO UPDATE SET \
        requester_id = excluded.requester_id, audit_reference = excluded.audit_reference, \
        system_disabled = excluded.system_disabled, inactive = excluded.inactive, \
        expiration = excluded.expiration, review_reminder = excluded.review_reminder"
    );
    DeleteMember = concat!(
        "DELETE FROM member WHERE collection_id = ", collection!(),
        " AND principal_id = (SELECT id FROM principal WHERE name = $4)"
    );
    PutPending = concat!(
        "INSERT INTO pending_member (collection_id, member, kind, requester, requested, audit_reference, \
        expiration, review_reminder) VALUES (", collection!(), ", $4, $5, $6, $7, $8, $9, $10) \
        ON CONFLICT (collection_id, member) DO UPDATE SET kind = excluded.kind, \
        requester = excluded.requester, requested = excluded.requested, \
        audit_reference = excluded.audit_reference, expiration = excluded.expiration, \
        review_reminder = excluded.review_reminder"
    );
    DeletePending = concat!("DELETE FROM pending_member WHERE collection_id = ", collection!(), " AND member = $4");

    PutVersion = concat!(
        "INSERT INTO policy_version (domain_id, policy, version, active, modified, description, tags, owner, spelling) \
        VALUES (", domain!(), ", $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (domain_id, policy, version) \
        DO UPDATE SET active = excluded.active, modified = excluded.modified, \
        description = excluded.description, tags = excluded.tags, owner = excluded.owner, spelling = excluded.spelling"
    );
    TouchVersion = concat!(
        "UPDATE policy_version SET modified = $4 WHERE domain_id = ", domain!(), " AND policy = $2 AND version = $3"
    );
    DeleteVersion = concat!(
        "DELETE FROM policy_version WHERE domain_id = ", domain!(), " AND policy = $2 AND version = $3"
    );
    PutAssertion = concat!(
        "INSERT INTO assertion (id, version_id, role, action, resource, effect, conditions) VALUES ($4, ",
        version!(), ", $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET role = excluded.role, \
        action = excluded.action, resource = excluded.resource, effect = excluded.effect, \
        conditions = excluded.conditions WHERE assertion.version_id = excluded.version_id"
    );
    DeleteAssertion = concat!("DELETE FROM assertion WHERE id = $4 AND version_id = ", version!());

    PutService = concat!(
        "INSERT INTO service (domain_id, name, attributes) VALUES (", domain!(), ", $2, $3) \
        ON CONFLICT (domain_id, name) DO UPDATE SET attributes = excluded.attributes"
    );
    DeleteService = concat!("DELETE FROM service WHERE domain_id = ", domain!(), " AND name = $2");
    ServiceLeaves = "INSERT INTO departed_service (domain, service) VALUES ($1, $2) \
        ON CONFLICT (domain, service) DO NOTHING";
    ServicesLeave = "INSERT INTO departed_service (domain, service) SELECT d.name, s.name \
        FROM service s JOIN domain d ON d.id = s.domain_id WHERE d.name = $1 \
        ON CONFLICT (domain, service) DO NOTHING";
    ServiceComesBack = "DELETE FROM departed_service WHERE domain = $1 AND service = $2";
    PutEntity = concat!(
        "INSERT INTO entity (domain_id, name, value) VALUES (", domain!(), ", $2, $3) \
        ON CONFLICT (domain_id, name) DO UPDATE SET value = excluded.value"
    );
    DeleteEntity = concat!("DELETE FROM entity WHERE domain_id = ", domain!(), " AND name = $2");
    PutTemplate = concat!(
        "INSERT INTO template (domain_id, name, version) VALUES (", domain!(), ", $2, $3) \
        ON CONFLICT (domain_id, name) DO UPDATE SET version = excluded.version"
    );
    DeleteTemplate = concat!("DELETE FROM template WHERE domain_id = ", domain!(), " AND name = $2");
    PutQuota = concat!(
        "INSERT INTO quota (domain_id, limits) VALUES (", domain!(), ", $2) \
        ON CONFLICT (domain_id) DO UPDATE SET limits = excluded.limits"
    );
    DeleteQuota = concat!("DELETE FROM quota WHERE domain_id = ", domain!());
    PutDependency = concat!(
        "INSERT INTO dependency (domain_id, service) VALUES (", domain!(), ", $2) \
        ON CONFLICT (domain_id, service) DO NOTHING"
    );
    DeleteDependency = concat!("DELETE FROM dependency WHERE domain_id = ", domain!(), " AND service = $2");

    AuditMember = concat!(
        "INSERT INTO member_audit (domain_id, kind, collection, member, admin, action, created, audit_reference) \
        VALUES (", domain!(), ", $2, $3, $4, $5, $6, $7, $8)"
    );
    DeleteAudits = concat!(
        "DELETE FROM member_audit WHERE domain_id = ", domain!(), " AND kind = $2 AND collection = $3"
    );
    /// A page of the history of a role or group.
    ReadAudits = concat!(
        "SELECT id, member, admin, action, created, audit_reference FROM member_audit \
        WHERE domain_id = ", domain!(), " AND kind = $2 AND collection = $3 AND id > $4 ORDER BY id LIMIT $5"
    );

    AppendLog = "INSERT INTO log (sequence, format, batch, time, stamp, next_id, domains, entry) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// The head as it was is a condition, so that no two commits follow the same one.
    MoveHead = "UPDATE head SET sequence = $1, stamp = $2, next_id = $3 WHERE epoch = $4 AND sequence = $5";
    RaiseEpoch = "UPDATE head SET epoch = epoch + 1";
    RaiseFloor = "UPDATE head SET log_floor = $1 WHERE log_floor < $1";
    ReadHead = "SELECT epoch, sequence, stamp, next_id, log_floor, store_id FROM head";
    ReadLog = "SELECT sequence, format, stamp, next_id, domains, entry FROM log \
        WHERE sequence > $1 ORDER BY sequence LIMIT $2";
    /// The last of the oldest entries, at most so many, with a stamp before a moment.
    ReadOldLog = "SELECT max(sequence) FROM (SELECT sequence, stamp FROM log WHERE sequence >= $1 \
        ORDER BY sequence LIMIT $2) AS oldest WHERE stamp < $3";
    ReadOutcome = "SELECT min(sequence), max(sequence) FROM log WHERE batch = $1";
    PruneLog = "DELETE FROM log WHERE sequence < $1";
}

impl Statement {
    /// As SQLite takes it.
    pub(crate) fn sqlite_text(self) -> &'static str {
        static TEXTS: LazyLock<Vec<String>> =
            LazyLock::new(|| Statement::ALL.iter().map(|statement| for_sqlite(statement.text())).collect());
        TEXTS.get(self as usize).map_or("", String::as_str)
    }
}

/// `$n` rewritten to `?n`; no statement of ours contains `$` in any other place.
pub(crate) fn for_sqlite(text: &str) -> String {
    text.replace('$', "?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations;
    use crate::read::{MemberReader, Table};
    use crate::testing::postgres::empty_database;

    fn texts() -> Vec<String> {
        let statements = Statement::ALL.iter().map(|statement| statement.text().to_owned());
        let tables = Table::BEFORE_MEMBERS.iter().chain(Table::AFTER_MEMBERS);
        let tables = tables.flat_map(|table| [Some(table.of_all()), table.of_domain()]).flatten();
        let members = [MemberReader::of_range(), MemberReader::of_domain()];
        statements.chain(tables).chain(members).collect()
    }

    #[test]
    fn sqlite_takes_every_statement() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        migrations::SQLITE.iter().for_each(|step| connection.execute_batch(step.text).unwrap());
        for text in texts() {
            if let Err(error) = connection.prepare(&for_sqlite(&text)) {
                panic!("{text}: {error}");
            }
        }
        for statement in Statement::ALL {
            assert_eq!(statement.sqlite_text(), for_sqlite(statement.text()));
        }
    }

    #[tokio::test]
    async fn postgres_takes_every_statement() {
        let client = empty_database().await.get().await.unwrap();
        for step in migrations::POSTGRES {
            client.batch_execute(step.text).await.unwrap();
        }
        for text in texts() {
            if let Err(error) = client.prepare(&text).await {
                panic!("{text}: {error:?}");
            }
        }
    }
}
