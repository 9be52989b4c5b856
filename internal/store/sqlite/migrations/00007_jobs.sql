-- +goose Up

-- Work that goes on after its request was answered. It is no part of the history. revision counts how often a job was
-- stored; doc is the job itself.

CREATE TABLE jobs (
	org_id   BLOB    NOT NULL,
	id       BLOB    NOT NULL,
	revision INTEGER NOT NULL,
	ended_at INTEGER,
	doc      TEXT    NOT NULL,
	PRIMARY KEY (org_id, id)
);

CREATE INDEX jobs_ended ON jobs (ended_at);

-- The input of a job (kind input) and what it refused (kind rejects), in pieces of about 1 MiB at the most.
CREATE TABLE job_pieces (
	org_id BLOB    NOT NULL,
	job_id BLOB    NOT NULL,
	kind   TEXT    NOT NULL,
	n      INTEGER NOT NULL,
	data   BLOB    NOT NULL,
	PRIMARY KEY (org_id, job_id, kind, n)
);
