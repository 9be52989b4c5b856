-- +goose Up

-- Not the secrets that sign: what people query ends up in spreadsheets.
CREATE VIEW webhooks AS
SELECT o.slug AS organization,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.name') AS name,
	json_extract(e.doc, '$.url') AS url,
	json_extract(e.doc, '$.enabled') AS enabled,
	json_extract(e.doc, '$.created_at') AS created_at,
	json_extract(e.doc, '$.updated_at') AS updated_at
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'webhook';

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
