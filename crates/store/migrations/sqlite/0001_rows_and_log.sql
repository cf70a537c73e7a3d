-- Text compares byte by byte everywhere (SQLite's BINARY); moments are milliseconds since 1970.

CREATE TABLE head (
    single INTEGER PRIMARY KEY CHECK (single = 1),
    store_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    next_id INTEGER NOT NULL,
    log_floor INTEGER NOT NULL
) STRICT;
INSERT INTO head VALUES (1, lower(hex(randomblob(16))), 0, 0, 0, 1, 1);

CREATE TABLE log (
    sequence INTEGER PRIMARY KEY,
    format INTEGER NOT NULL,
    batch TEXT NOT NULL,
    time INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    next_id INTEGER NOT NULL,
    domains TEXT NOT NULL,
    entry TEXT NOT NULL
) STRICT;
CREATE INDEX log_batch ON log (batch);

-- rows are never deleted: memberships refer to them by number; registration 0 is a name only
CREATE TABLE principal (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    registration INTEGER NOT NULL
) STRICT;

CREATE TABLE domain (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    attributes TEXT NOT NULL
) STRICT;

CREATE TABLE tombstone (
    domain TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE collection (
    id INTEGER PRIMARY KEY,
    domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    trust TEXT,
    settings TEXT,
    UNIQUE (domain_id, kind, name)
) STRICT;

CREATE TABLE member (
    collection_id INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    principal_id INTEGER NOT NULL,
    requester_id INTEGER,
    audit_reference TEXT,
    system_disabled INTEGER NOT NULL,
    inactive INTEGER NOT NULL,
    expiration INTEGER,
    review_reminder INTEGER,
    PRIMARY KEY (collection_id, principal_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE pending_member (
    collection_id INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    member TEXT NOT NULL,
    kind TEXT NOT NULL,
    requester TEXT NOT NULL,
    requested INTEGER NOT NULL,
    audit_reference TEXT,
    expiration INTEGER,
    review_reminder INTEGER,
    PRIMARY KEY (collection_id, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_version (
    id INTEGER PRIMARY KEY,
    domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
    policy TEXT NOT NULL,
    version TEXT NOT NULL,
    active INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    description TEXT,
    tags TEXT,
    owner TEXT,
    spelling TEXT,
    UNIQUE (domain_id, policy, version)
) STRICT;

-- numbers come from head.next_id and are never used again
CREATE TABLE assertion (
    id INTEGER PRIMARY KEY,
    version_id INTEGER NOT NULL REFERENCES policy_version (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    effect TEXT NOT NULL,
    conditions TEXT
) STRICT;
CREATE INDEX assertion_version ON assertion (version_id);

CREATE TABLE service (
    domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (domain_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE entity (
    domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (domain_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE template (
    domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (domain_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE quota (
    domain_id INTEGER PRIMARY KEY REFERENCES domain (id) ON DELETE CASCADE,
    limits TEXT NOT NULL
) STRICT;

CREATE TABLE dependency (
    domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
    service TEXT NOT NULL,
    PRIMARY KEY (domain_id, service)
) STRICT, WITHOUT ROWID;

CREATE TABLE member_audit (
    id INTEGER PRIMARY KEY,
    domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    collection TEXT NOT NULL,
    member TEXT NOT NULL,
    admin TEXT NOT NULL,
    action TEXT NOT NULL,
    created INTEGER NOT NULL,
    audit_reference TEXT
) STRICT;
CREATE INDEX member_audit_collection ON member_audit (domain_id, kind, collection, id);
