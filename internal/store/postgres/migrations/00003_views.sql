-- +goose Up

-- What people query with SQL, as in a file of SQLite: neither secrets nor their hashes are in it, because what people query
-- ends up in spreadsheets.

-- What the others are made of. A NUL character in a document would make PostgreSQL refuse the query.
CREATE VIEW documents AS
SELECT org_id, type, id, number, owner, doc, replace(doc, '\u0000', '\ufffd')::json AS fields FROM entities;

CREATE VIEW users AS
SELECT o.slug AS organization, e.number,
	e.fields ->> 'id' AS id,
	e.fields ->> 'identifier' AS identifier,
	e.fields ->> 'email' AS email,
	e.fields ->> 'name' AS name,
	e.fields ->> 'first_name' AS first_name,
	e.fields ->> 'last_name' AS last_name,
	e.fields ->> 'kind' AS kind,
	e.fields ->> 'status' AS status,
	e.fields ->> 'user_type' AS user_type,
	e.fields ->> 'role' AS role,
	e.owner,
	e.fields ->> 'last_login_at' AS last_login_at,
	e.fields ->> 'created_at' AS created_at,
	e.fields ->> 'updated_at' AS updated_at,
	e.doc
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'user';

CREATE VIEW deleted_users AS
SELECT o.slug AS organization, e.number,
	e.fields ->> 'id' AS id,
	e.fields -> 'user' ->> 'identifier' AS identifier,
	e.fields -> 'user' ->> 'email' AS email,
	e.fields -> 'user' ->> 'name' AS name,
	e.fields ->> 'deleted_at' AS deleted_at,
	e.fields ->> 'purge_at' AS purge_at,
	e.doc
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'deleted_user';

CREATE VIEW groups AS
SELECT o.slug AS organization, e.number,
	e.fields ->> 'id' AS id,
	e.fields ->> 'name' AS name,
	e.fields ->> 'permissions' AS permissions,
	e.fields ->> 'created_at' AS created_at,
	e.fields ->> 'updated_at' AS updated_at,
	e.doc
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'group';

CREATE VIEW spaces AS
SELECT o.slug AS organization, e.number,
	e.fields ->> 'id' AS id,
	e.fields ->> 'title' AS title,
	e.fields ->> 'path' AS path,
	coalesce(e.fields ->> 'archived', 'false')::boolean AS archived,
	e.fields ->> 'access' AS access,
	e.fields ->> 'created_at' AS created_at,
	e.fields ->> 'updated_at' AS updated_at,
	e.doc
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'space';

CREATE VIEW roles AS
SELECT o.slug AS organization, e.number,
	e.fields ->> 'id' AS id,
	e.fields ->> 'handle' AS handle,
	e.fields ->> 'name' AS name,
	e.fields ->> 'counts_as' AS counts_as,
	e.doc
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'role';

CREATE VIEW tokens AS
SELECT o.slug AS organization,
	e.fields ->> 'id' AS id,
	e.fields ->> 'name' AS name,
	e.fields ->> 'kind' AS kind,
	e.fields ->> 'permissions' AS permissions,
	e.fields ->> 'acts_as' AS acts_as,
	e.fields ->> 'expires_at' AS expires_at,
	e.fields ->> 'revoked_at' AS revoked_at,
	to_timestamp(u.at / 1000.0) AS last_used_at,
	e.fields ->> 'created_at' AS created_at
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id
	LEFT JOIN token_uses AS u ON u.org_id = e.org_id AND u.token_id = e.id
WHERE e.type = 'token';

CREATE VIEW invitations AS
SELECT o.slug AS organization,
	e.fields ->> 'id' AS id,
	e.fields ->> 'user' AS user_id,
	e.fields ->> 'created_at' AS created_at,
	e.fields ->> 'expires_at' AS expires_at,
	e.fields ->> 'accepted_at' AS accepted_at
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'invitation';

CREATE VIEW webhooks AS
SELECT o.slug AS organization,
	e.fields ->> 'id' AS id,
	e.fields ->> 'name' AS name,
	e.fields ->> 'url' AS url,
	e.fields ->> 'enabled' AS enabled,
	e.fields ->> 'created_at' AS created_at,
	e.fields ->> 'updated_at' AS updated_at,
	coalesce(s.position, (e.fields ->> 'since')::bigint) AS position,
	o.version - coalesce(s.position, (e.fields ->> 'since')::bigint) AS lag,
	to_timestamp(nullif(s.failing_since, 0) / 1000.0) AS failing_since,
	nullif(s.last_error, '') AS last_error
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id
	LEFT JOIN webhook_standings AS s ON s.org_id = e.org_id AND s.webhook_id = e.id
WHERE e.type = 'webhook';

-- One row for each op of each change.
CREATE VIEW history AS
SELECT o.slug AS organization, c.version, to_timestamp(c.at / 1000.0) AS at, c.actor,
	op.value ->> 'op' AS op,
	op.value ->> 'type' AS type,
	op.value ->> 'id' AS id,
	CASE WHEN op.value ->> 'type' IN ('token', 'invitation', 'webhook') THEN NULL ELSE op.value ->> 'before' END AS before,
	CASE WHEN op.value ->> 'type' IN ('token', 'invitation', 'webhook') THEN NULL ELSE op.value ->> 'after' END AS after
FROM changes AS c JOIN organizations AS o ON o.id = c.org_id CROSS JOIN
	json_array_elements(replace(c.ops, '\u0000', '\ufffd')::json) AS op (value);

-- The hashes are for `roster audit verify`.
CREATE VIEW audit AS
SELECT o.slug AS organization, a.seq, a.version, to_timestamp(a.at / 1000.0) AS at, a.actor, a.name, a.reason, a.request,
	a.types, a.op_to - a.op_from AS ops
FROM audit_entries AS a JOIN organizations AS o ON o.id = a.org_id;
