-- +goose Up

-- The records of one type in one organization are a collection, which has a number. What must be unique in a collection
-- is indexed by that number: of a user's key in an index two thirds were the organization and the type.

CREATE TABLE collections (
	id     INTEGER NOT NULL PRIMARY KEY,
	org_id BLOB    NOT NULL,
	type   TEXT    NOT NULL,
	UNIQUE (org_id, type)
);

INSERT INTO collections (org_id, type) SELECT DISTINCT org_id, type FROM entities ORDER BY org_id, type;

CREATE TABLE collected (
	collection INTEGER NOT NULL,
	org_id     BLOB    NOT NULL,
	type       TEXT    NOT NULL,
	id         BLOB    NOT NULL,
	number     INTEGER,
	email      TEXT,
	identifier TEXT,
	owner      BOOLEAN NOT NULL,
	doc        TEXT    NOT NULL
);

INSERT INTO collected
SELECT c.id, e.org_id, e.type, e.id, e.number, e.email, e.identifier, e.owner, e.doc
FROM collections AS c CROSS JOIN entities AS e ON e.org_id = c.org_id AND e.type = c.type
ORDER BY c.id, e.number, e.id;

DROP TABLE entities;

-- The views that read the table stay as they are.
PRAGMA legacy_alter_table = ON;
ALTER TABLE collected RENAME TO entities;
PRAGMA legacy_alter_table = OFF;

CREATE UNIQUE INDEX entities_id ON entities (collection, id);
CREATE UNIQUE INDEX entities_number ON entities (collection, number);
CREATE UNIQUE INDEX entities_email ON entities (collection, email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX entities_identifier ON entities (collection, identifier) WHERE identifier IS NOT NULL;
CREATE UNIQUE INDEX entities_owner ON entities (collection) WHERE owner;
CREATE INDEX entities_token ON entities (identifier, org_id) WHERE type = 'token';
CREATE INDEX entities_webhook ON entities (org_id, id) WHERE type = 'webhook';
