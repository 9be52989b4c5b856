-- +goose Up

-- When tokens were last used. It stands apart from the tokens because using one is no change of its organization: it has
-- no version and no history.

CREATE TABLE token_uses (
	org_id   BLOB    NOT NULL,
	token_id BLOB    NOT NULL,
	at       INTEGER NOT NULL,
	PRIMARY KEY (org_id, token_id)
);

DROP VIEW tokens;

-- Neither secrets nor their hashes: what people query ends up in spreadsheets. A document's own last_used_at is from before
-- there was the table.
CREATE VIEW tokens AS
SELECT o.slug AS organization,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.name') AS name,
	json_extract(e.doc, '$.kind') AS kind,
	json_extract(e.doc, '$.permissions') AS permissions,
	json_extract(e.doc, '$.acts_as') AS acts_as,
	json_extract(e.doc, '$.expires_at') AS expires_at,
	json_extract(e.doc, '$.revoked_at') AS revoked_at,
	nullif(max(coalesce(json_extract(e.doc, '$.last_used_at'), ''),
		coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', u.at / 1000.0, 'unixepoch'), '')), '') AS last_used_at,
	json_extract(e.doc, '$.created_at') AS created_at
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id
	LEFT JOIN token_uses AS u ON u.org_id = e.org_id AND u.token_id = e.id
WHERE e.type = 'token';
