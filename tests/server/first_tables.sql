-- A store as the release 0.1.0 made it: what later steps have to bring up to date.
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE encounters (
    id INTEGER NOT NULL,
    number VARCHAR(64) NOT NULL,
    patient VARCHAR(64),
    sex VARCHAR(8),
    birth_date DATE,
    setting VARCHAR(16),
    admission DATE,
    discharge DATE,
    due DATE,
    state VARCHAR(16) NOT NULL,
    assignee VARCHAR(64),
    version INTEGER NOT NULL,
    need DOUBLE,
    to_code BOOLEAN NOT NULL,
    code_order JSON NOT NULL,
    created DATETIME NOT NULL,
    updated DATETIME NOT NULL,
    updated_by VARCHAR(64) NOT NULL,
    done DATETIME,
    PRIMARY KEY (id),
    UNIQUE (number)
);
CREATE INDEX encounters_by_assignee ON encounters (assignee, state);
CREATE INDEX encounters_by_state ON encounters (state, need);
CREATE TABLE trail (
    number INTEGER NOT NULL,
    at DATETIME NOT NULL,
    "by" VARCHAR(64) NOT NULL,
    action VARCHAR(32) NOT NULL,
    encounter_id INTEGER,
    document_id INTEGER,
    version INTEGER,
    details JSON NOT NULL,
    previous VARCHAR(64) NOT NULL,
    hash VARCHAR(64) NOT NULL,
    PRIMARY KEY (number)
);
CREATE INDEX trail_of_encounter ON trail (encounter_id, version);
CREATE TABLE trail_head (
    id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash VARCHAR(64) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (number)
);
CREATE TABLE users (
    id INTEGER NOT NULL,
    name VARCHAR(64) NOT NULL,
    role VARCHAR(16) NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    active BOOLEAN NOT NULL,
    created DATETIME NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);
CREATE INDEX ix_users_token_hash ON users (token_hash);
CREATE TABLE codings (
    id INTEGER NOT NULL,
    encounter_id INTEGER NOT NULL,
    model VARCHAR(100) NOT NULL,
    fingerprint VARCHAR(200) NOT NULL,
    code_version VARCHAR(100) NOT NULL,
    release VARCHAR(32) NOT NULL,
    document_ids JSON NOT NULL,
    repeats JSON NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(encounter_id) REFERENCES encounters (id)
);
CREATE INDEX ix_codings_encounter_id ON codings (encounter_id);
CREATE TABLE comments (
    id INTEGER NOT NULL,
    encounter_id INTEGER NOT NULL,
    code VARCHAR(64),
    text TEXT,
    "by" VARCHAR(64) NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(encounter_id) REFERENCES encounters (id)
);
CREATE INDEX ix_comments_encounter_id ON comments (encounter_id);
CREATE TABLE documents (
    id INTEGER NOT NULL,
    encounter_id INTEGER NOT NULL,
    source_id VARCHAR(128),
    title VARCHAR(200),
    kind VARCHAR(64),
    status VARCHAR(16) NOT NULL,
    date DATETIME,
    text TEXT,
    characters INTEGER NOT NULL,
    added DATETIME NOT NULL,
    deleted DATETIME,
    PRIMARY KEY (id),
    FOREIGN KEY(encounter_id) REFERENCES encounters (id)
);
CREATE INDEX ix_documents_encounter_id ON documents (encounter_id);
CREATE TABLE sessions (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    expires DATETIME NOT NULL,
    used DATETIME NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id),
    UNIQUE (token_hash)
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE TABLE suggestions (
    id INTEGER NOT NULL,
    coding_id INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    system VARCHAR(32) NOT NULL,
    code VARCHAR(32) NOT NULL,
    description TEXT NOT NULL,
    probability DOUBLE NOT NULL,
    confidence DOUBLE,
    band VARCHAR(16) NOT NULL,
    context VARCHAR(16),
    predicted BOOLEAN NOT NULL,
    reason TEXT,
    alternatives JSON NOT NULL,
    evidence JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(coding_id) REFERENCES codings (id)
);
CREATE INDEX ix_suggestions_coding_id ON suggestions (coding_id);
CREATE TABLE decisions (
    id INTEGER NOT NULL,
    encounter_id INTEGER NOT NULL,
    system VARCHAR(32) NOT NULL,
    code VARCHAR(32) NOT NULL,
    description TEXT NOT NULL,
    verdict VARCHAR(16) NOT NULL,
    poa VARCHAR(1),
    evidence JSON NOT NULL,
    suggestion_id INTEGER,
    instead_of VARCHAR(64),
    "by" VARCHAR(64) NOT NULL,
    role VARCHAR(16) NOT NULL,
    at DATETIME NOT NULL,
    version INTEGER NOT NULL,
    current BOOLEAN NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(encounter_id) REFERENCES encounters (id),
    FOREIGN KEY(suggestion_id) REFERENCES suggestions (id)
);
CREATE INDEX decisions_of_encounter ON decisions (encounter_id, current);
CREATE TRIGGER trail_no_update BEFORE UPDATE ON trail BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER trail_no_delete BEFORE DELETE ON trail BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
INSERT INTO alembic_version VALUES ('0001');
INSERT INTO trail_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
