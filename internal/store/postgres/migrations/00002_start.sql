-- +goose Up

-- Every table but the two of routes begins with the organization, in every key: an engine that shards by the first column
-- keeps all of an organization in one place. Times are milliseconds since 1970-01-01T00:00:00Z. Records live in their
-- JSON document (doc), which is text so that it stays as it was written, to the byte; the columns beside it are what must
-- be unique or is looked up inside a transaction. Keys that a record lacks are NULL. email and identifier are the key's
-- bytes, or a digest where there are too many for an index. For reading by people there are the views of the next file.

-- next has the next free numbers of records, as JSON.
-- fence is the generation of the lease that the last write was made under: see lease.go. The numbers and slugs of
-- organizations are kept unique by organization_names.
CREATE TABLE organizations (
	id            uuid   NOT NULL PRIMARY KEY,
	number        bigint NOT NULL,
	slug          text   NOT NULL,
	name          text   NOT NULL,
	version       bigint NOT NULL,
	fence         bigint NOT NULL,
	next          text   NOT NULL DEFAULT '{}',
	audited_since bigint NOT NULL DEFAULT 1,
	trimmed_to    bigint NOT NULL DEFAULT 0,
	trimmed_seq   bigint NOT NULL DEFAULT 0,
	doc           text   NOT NULL
);

CREATE INDEX organizations_number ON organizations (number, id);

CREATE TABLE entities (
	org_id     uuid    NOT NULL,
	type       text    NOT NULL,
	id         uuid    NOT NULL,
	number     bigint,
	email      bytea,
	identifier bytea,
	owner      boolean NOT NULL,
	doc        text    NOT NULL,
	PRIMARY KEY (org_id, type, id)
);

CREATE UNIQUE INDEX entities_number ON entities (org_id, type, number) WHERE number IS NOT NULL;
CREATE UNIQUE INDEX entities_email ON entities (org_id, type, email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX entities_identifier ON entities (org_id, type, identifier) WHERE identifier IS NOT NULL;
CREATE UNIQUE INDEX entities_owner ON entities (org_id, type) WHERE owner;
-- The webhooks of all organizations are looked up when a server starts.
CREATE INDEX entities_webhook ON entities (org_id, id) WHERE type = 'webhook';

-- attempt is the transaction that wrote a change, by which it is found out what became of a lost one.
CREATE TABLE changes (
	org_id  uuid   NOT NULL,
	version bigint NOT NULL,
	at      bigint NOT NULL,
	actor   uuid,
	attempt uuid   NOT NULL,
	ops     text   NOT NULL,
	PRIMARY KEY (org_id, version)
);

-- The routes: what organization a name or a token leads to. Their keys begin with what is looked up, and they are written
-- on their own, never together with an organization: see routes.go.
CREATE TABLE organization_names (
	name   bytea  NOT NULL PRIMARY KEY,
	org_id uuid   NOT NULL
);

CREATE TABLE token_routes (
	hash   bytea NOT NULL,
	org_id uuid  NOT NULL,
	PRIMARY KEY (hash, org_id)
);

CREATE TABLE token_uses (
	org_id   uuid   NOT NULL,
	token_id uuid   NOT NULL,
	at       bigint NOT NULL,
	PRIMARY KEY (org_id, token_id)
);

-- What was written by whom: one row for each write, chained by hashes to the one before. types and keys are what entries
-- are looked up by: the types of the records, and eight bytes for each of their ids. form says what the hash covers: 1
-- the texts themselves, 2 digests of them. A seal is NULL while its salt follows from the entry's; else it is the
-- text's own salt (16 bytes), or the digest that stands for a text that was erased (32 bytes).
CREATE TABLE audit_entries (
	org_id      uuid    NOT NULL,
	seq         bigint  NOT NULL,
	version     bigint  NOT NULL,
	at          bigint  NOT NULL,
	actor       uuid,
	user_id     uuid,
	name        text    NOT NULL,
	request     uuid,
	reason      text,
	op_from     bigint  NOT NULL,
	op_to       bigint  NOT NULL,
	types       text    NOT NULL,
	keys        bytea   NOT NULL,
	salt        bytea   NOT NULL,
	prev        bytea   NOT NULL,
	hash        bytea   NOT NULL,
	form        bigint  NOT NULL,
	name_seal   bytea,
	reason_seal bytea,
	PRIMARY KEY (org_id, seq)
);

-- What requests with an idempotency key were answered, for a day.
CREATE TABLE answers (
	org_id  uuid   NOT NULL,
	key     bytea  NOT NULL,
	request bytea  NOT NULL,
	at      bigint NOT NULL,
	content bytea  NOT NULL,
	PRIMARY KEY (org_id, key)
);

CREATE INDEX answers_at ON answers (at);

-- Where the delivery of changes to webhooks stands, and what has become of the last messages.
CREATE TABLE webhook_standings (
	org_id        uuid   NOT NULL,
	webhook_id    uuid   NOT NULL,
	position      bigint NOT NULL,
	round         bigint NOT NULL,
	attempts      bigint NOT NULL,
	next_at       bigint NOT NULL,
	last_at       bigint NOT NULL,
	last_took     bigint NOT NULL,
	last_status   bigint NOT NULL,
	last_error    text   NOT NULL,
	succeeded_at  bigint NOT NULL,
	failing_since bigint NOT NULL,
	PRIMARY KEY (org_id, webhook_id)
);

CREATE TABLE webhook_deliveries (
	org_id     uuid   NOT NULL,
	webhook_id uuid   NOT NULL,
	version    bigint NOT NULL,
	round      bigint NOT NULL,
	state      text   NOT NULL,
	attempts   bigint NOT NULL,
	at         bigint NOT NULL,
	took       bigint NOT NULL,
	status     bigint NOT NULL,
	error      text   NOT NULL,
	PRIMARY KEY (org_id, webhook_id, version, round)
);

CREATE INDEX webhook_deliveries_at ON webhook_deliveries (org_id, webhook_id, at, version, round);

-- Work that goes on after its request was answered. revision counts how often a job was stored; doc is the job itself.
CREATE TABLE jobs (
	org_id   uuid   NOT NULL,
	id       uuid   NOT NULL,
	revision bigint NOT NULL,
	ended_at bigint,
	doc      text   NOT NULL,
	PRIMARY KEY (org_id, id)
);

CREATE INDEX jobs_ended ON jobs (ended_at);

-- The input of a job (kind input) and what it refused (kind rejects), in pieces of about 1 MiB at the most.
CREATE TABLE job_pieces (
	org_id uuid   NOT NULL,
	job_id uuid   NOT NULL,
	kind   text   NOT NULL,
	n      bigint NOT NULL,
	data   bytea  NOT NULL,
	PRIMARY KEY (org_id, job_id, kind, n)
);
