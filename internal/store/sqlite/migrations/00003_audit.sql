-- +goose Up

-- What was written by whom: one row for each write, chained by hashes to the one before. The documents that a write replaced
-- and left behind stand in the change. types and keys are what entries are looked up by: the types of the records, and eight
-- bytes for each of their ids.

CREATE TABLE audit_entries (
	org_id   BLOB    NOT NULL,
	seq      INTEGER NOT NULL,
	version  INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	actor    BLOB,
	user_id  BLOB,
	name     TEXT    NOT NULL,
	request  BLOB,
	reason   TEXT,
	op_from  INTEGER NOT NULL,
	op_to    INTEGER NOT NULL,
	types    TEXT    NOT NULL,
	keys     BLOB    NOT NULL,
	salt     BLOB    NOT NULL,
	prev     BLOB    NOT NULL,
	hash     BLOB    NOT NULL,
	PRIMARY KEY (org_id, seq)
) WITHOUT ROWID;

-- The changes up to here have no entries.
ALTER TABLE organizations ADD COLUMN audited_since INTEGER NOT NULL DEFAULT 1;
UPDATE organizations SET audited_since = version + 1;

-- What requests with an idempotency key were answered, for a day.
CREATE TABLE answers (
	org_id  BLOB    NOT NULL,
	key     BLOB    NOT NULL,
	request BLOB    NOT NULL,
	at      INTEGER NOT NULL,
	content BLOB    NOT NULL,
	PRIMARY KEY (org_id, key)
);

CREATE INDEX answers_at ON answers (at);

-- For people: the hashes are for `roster audit verify`.
CREATE VIEW audit AS
SELECT o.slug AS organization, a.seq, a.version,
	strftime('%Y-%m-%dT%H:%M:%fZ', a.at / 1000.0, 'unixepoch') AS at,
	lower(substr(hex(a.actor), 1, 8) || '-' || substr(hex(a.actor), 9, 4) || '-' || substr(hex(a.actor), 13, 4) || '-' ||
		substr(hex(a.actor), 17, 4) || '-' || substr(hex(a.actor), 21)) AS actor,
	a.name, a.reason,
	lower(substr(hex(a.request), 1, 8) || '-' || substr(hex(a.request), 9, 4) || '-' || substr(hex(a.request), 13, 4) || '-' ||
		substr(hex(a.request), 17, 4) || '-' || substr(hex(a.request), 21)) AS request,
	a.types, a.op_to - a.op_from AS ops
FROM audit_entries AS a JOIN organizations AS o ON o.id = a.org_id;
