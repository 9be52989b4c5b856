-- +goose Up

-- Several processes have the database. touched is when the last change of an organization began, in milliseconds since
-- 1970-01-01T00:00:00Z, by which others find what has changed. No write asks for a lease any more.
ALTER TABLE organizations ADD COLUMN touched bigint NOT NULL DEFAULT 0;
ALTER TABLE organizations DROP COLUMN fence;

CREATE INDEX organizations_touched ON organizations (touched);

-- The processes that have the database, as they say themselves: see nodes.go.
CREATE TABLE nodes (
	id       uuid    NOT NULL PRIMARY KEY,
	host     text    NOT NULL,
	pid      bigint  NOT NULL,
	url      text    NOT NULL,
	software text    NOT NULL,
	started  bigint  NOT NULL,
	working  boolean NOT NULL,
	seen     bigint  NOT NULL
);

-- What all of them must know and nobody else.
CREATE TABLE secrets (
	name   text  NOT NULL PRIMARY KEY,
	secret bytea NOT NULL
);
