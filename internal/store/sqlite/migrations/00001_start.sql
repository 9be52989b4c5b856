-- +goose Up

-- Ids are the 16 bytes of the UUID; times are milliseconds since 1970-01-01T00:00:00Z. Records live in their JSON document
-- (doc); the columns beside it are what must be unique or is looked up inside a transaction. Keys that a record lacks are
-- NULL. For reading by people there are the views below.

CREATE TABLE organizations (
	id      BLOB    NOT NULL PRIMARY KEY,
	number  INTEGER UNIQUE,
	slug    TEXT    UNIQUE,
	name    TEXT    NOT NULL,
	version INTEGER NOT NULL,
	doc     TEXT    NOT NULL
);

CREATE TABLE entities (
	org_id     BLOB    NOT NULL,
	type       TEXT    NOT NULL,
	id         BLOB    NOT NULL,
	number     INTEGER,
	email      TEXT,
	identifier TEXT,
	owner      BOOLEAN NOT NULL,
	doc        TEXT    NOT NULL,
	PRIMARY KEY (org_id, type, id)
);

CREATE UNIQUE INDEX entities_number ON entities (org_id, type, number);
CREATE UNIQUE INDEX entities_email ON entities (org_id, type, email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX entities_identifier ON entities (org_id, type, identifier) WHERE identifier IS NOT NULL;
CREATE UNIQUE INDEX entities_owner ON entities (org_id, type) WHERE owner;
CREATE INDEX entities_token ON entities (identifier, org_id) WHERE type = 'token';

CREATE TABLE changes (
	org_id  BLOB    NOT NULL,
	version INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	actor   BLOB,
	ops     TEXT    NOT NULL,
	PRIMARY KEY (org_id, version)
);

-- The views: what people query with SQL.

CREATE VIEW users AS
SELECT o.slug AS organization, e.number,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.identifier') AS identifier,
	json_extract(e.doc, '$.email') AS email,
	json_extract(e.doc, '$.name') AS name,
	json_extract(e.doc, '$.first_name') AS first_name,
	json_extract(e.doc, '$.last_name') AS last_name,
	json_extract(e.doc, '$.kind') AS kind,
	json_extract(e.doc, '$.status') AS status,
	json_extract(e.doc, '$.user_type') AS user_type,
	json_extract(e.doc, '$.role') AS role,
	e.owner,
	json_extract(e.doc, '$.last_login_at') AS last_login_at,
	json_extract(e.doc, '$.created_at') AS created_at,
	json_extract(e.doc, '$.updated_at') AS updated_at,
	e.doc
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'user';

CREATE VIEW groups AS
SELECT o.slug AS organization, e.number,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.name') AS name,
	json_extract(e.doc, '$.permissions') AS permissions,
	json_extract(e.doc, '$.created_at') AS created_at,
	json_extract(e.doc, '$.updated_at') AS updated_at,
	e.doc
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'group';

CREATE VIEW spaces AS
SELECT o.slug AS organization, e.number,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.title') AS title,
	json_extract(e.doc, '$.path') AS path,
	coalesce(json_extract(e.doc, '$.archived'), 0) AS archived,
	json_extract(e.doc, '$.access') AS access,
	json_extract(e.doc, '$.created_at') AS created_at,
	json_extract(e.doc, '$.updated_at') AS updated_at,
	e.doc
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'space';

CREATE VIEW roles AS
SELECT o.slug AS organization, e.number,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.handle') AS handle,
	json_extract(e.doc, '$.name') AS name,
	json_extract(e.doc, '$.counts_as') AS counts_as,
	e.doc
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'role';

-- Neither secrets nor their hashes: what people query ends up in spreadsheets.
CREATE VIEW tokens AS
SELECT o.slug AS organization,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.name') AS name,
	json_extract(e.doc, '$.kind') AS kind,
	json_extract(e.doc, '$.permissions') AS permissions,
	json_extract(e.doc, '$.acts_as') AS acts_as,
	json_extract(e.doc, '$.expires_at') AS expires_at,
	json_extract(e.doc, '$.revoked_at') AS revoked_at,
	json_extract(e.doc, '$.last_used_at') AS last_used_at,
	json_extract(e.doc, '$.created_at') AS created_at
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'token';

CREATE VIEW invitations AS
SELECT o.slug AS organization,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.user') AS user_id,
	json_extract(e.doc, '$.created_at') AS created_at,
	json_extract(e.doc, '$.expires_at') AS expires_at,
	json_extract(e.doc, '$.accepted_at') AS accepted_at
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'invitation';

-- One row for each op of each change.
CREATE VIEW history AS
SELECT o.slug AS organization, c.version,
	strftime('%Y-%m-%dT%H:%M:%fZ', c.at / 1000.0, 'unixepoch') AS at,
	lower(substr(hex(c.actor), 1, 8) || '-' || substr(hex(c.actor), 9, 4) || '-' || substr(hex(c.actor), 13, 4) || '-' ||
		substr(hex(c.actor), 17, 4) || '-' || substr(hex(c.actor), 21)) AS actor,
	json_extract(op.value, '$.op') AS op,
	json_extract(op.value, '$.type') AS type,
	json_extract(op.value, '$.id') AS id,
	CASE json_extract(op.value, '$.type') WHEN 'token' THEN NULL WHEN 'invitation' THEN NULL
		ELSE json_extract(op.value, '$.before') END AS before,
	CASE json_extract(op.value, '$.type') WHEN 'token' THEN NULL WHEN 'invitation' THEN NULL
		ELSE json_extract(op.value, '$.after') END AS after
FROM changes AS c JOIN organizations AS o ON o.id = c.org_id, json_each(c.ops) AS op;
