-- +goose Up

-- Who has the database: see lease.go. It is apart from the rest so that nobody brings a schema up to date that another
-- process uses.
CREATE TABLE leases (
	name       text    NOT NULL PRIMARY KEY,
	generation bigint  NOT NULL,
	nonce      uuid    NOT NULL,
	holder     text    NOT NULL,
	beat       bigint  NOT NULL,
	released   boolean NOT NULL
);
