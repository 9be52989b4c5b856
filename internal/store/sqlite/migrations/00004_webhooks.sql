-- +goose Up

-- Where the delivery of changes to webhooks stands, and what has become of the last messages. It stands apart from the
-- webhooks because delivering is no change of an organization. Times are milliseconds, took too.

CREATE TABLE webhook_standings (
	org_id        BLOB    NOT NULL,
	webhook_id    BLOB    NOT NULL,
	position      INTEGER NOT NULL,
	round         INTEGER NOT NULL,
	attempts      INTEGER NOT NULL,
	next_at       INTEGER NOT NULL,
	last_at       INTEGER NOT NULL,
	last_took     INTEGER NOT NULL,
	last_status   INTEGER NOT NULL,
	last_error    TEXT    NOT NULL,
	succeeded_at  INTEGER NOT NULL,
	failing_since INTEGER NOT NULL,
	PRIMARY KEY (org_id, webhook_id)
);

CREATE TABLE webhook_deliveries (
	org_id     BLOB    NOT NULL,
	webhook_id BLOB    NOT NULL,
	version    INTEGER NOT NULL,
	round      INTEGER NOT NULL,
	state      TEXT    NOT NULL,
	attempts   INTEGER NOT NULL,
	at         INTEGER NOT NULL,
	took       INTEGER NOT NULL,
	status     INTEGER NOT NULL,
	error      TEXT    NOT NULL,
	PRIMARY KEY (org_id, webhook_id, version, round)
);

CREATE INDEX webhook_deliveries_at ON webhook_deliveries (org_id, webhook_id, at, version, round);

-- The webhooks of all organizations are looked up when a server starts.
CREATE INDEX entities_webhook ON entities (org_id, id) WHERE type = 'webhook';

-- Not the secrets that sign: what people query ends up in spreadsheets.
CREATE VIEW webhooks AS
SELECT o.slug AS organization,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.name') AS name,
	json_extract(e.doc, '$.url') AS url,
	json_extract(e.doc, '$.enabled') AS enabled,
	json_extract(e.doc, '$.created_at') AS created_at,
	json_extract(e.doc, '$.updated_at') AS updated_at,
	coalesce(s.position, json_extract(e.doc, '$.since')) AS position,
	o.version - coalesce(s.position, json_extract(e.doc, '$.since')) AS lag,
	strftime('%Y-%m-%dT%H:%M:%fZ', nullif(s.failing_since, 0) / 1000.0, 'unixepoch') AS failing_since,
	nullif(s.last_error, '') AS last_error
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id
	LEFT JOIN webhook_standings AS s ON s.org_id = e.org_id AND s.webhook_id = e.id
WHERE e.type = 'webhook';

DROP VIEW history;

-- One row for each op of each change.
CREATE VIEW history AS
SELECT o.slug AS organization, c.version,
	strftime('%Y-%m-%dT%H:%M:%fZ', c.at / 1000.0, 'unixepoch') AS at,
	lower(substr(hex(c.actor), 1, 8) || '-' || substr(hex(c.actor), 9, 4) || '-' || substr(hex(c.actor), 13, 4) || '-' ||
		substr(hex(c.actor), 17, 4) || '-' || substr(hex(c.actor), 21)) AS actor,
	json_extract(op.value, '$.op') AS op,
	json_extract(op.value, '$.type') AS type,
	json_extract(op.value, '$.id') AS id,
	CASE WHEN json_extract(op.value, '$.type') IN ('token', 'invitation', 'webhook') THEN NULL
		ELSE json_extract(op.value, '$.before') END AS before,
	CASE WHEN json_extract(op.value, '$.type') IN ('token', 'invitation', 'webhook') THEN NULL
		ELSE json_extract(op.value, '$.after') END AS after
FROM changes AS c JOIN organizations AS o ON o.id = c.org_id, json_each(c.ops) AS op;
