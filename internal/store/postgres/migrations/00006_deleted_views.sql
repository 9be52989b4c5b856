-- +goose Up

-- What was deleted and can be restored, for people, as deleted_users is.
CREATE VIEW deleted_groups AS
SELECT o.slug AS organization, e.number,
	e.fields ->> 'id' AS id,
	e.fields -> 'group' ->> 'name' AS name,
	e.fields ->> 'deleted_at' AS deleted_at,
	e.fields ->> 'purge_at' AS purge_at,
	e.fields ->> 'deleted_by' AS deleted_by,
	e.doc
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'deleted_group';

CREATE VIEW deleted_spaces AS
SELECT o.slug AS organization, e.number,
	e.fields ->> 'id' AS id,
	e.fields -> 'space' ->> 'title' AS title,
	e.fields -> 'space' ->> 'path' AS path,
	e.fields ->> 'deleted_at' AS deleted_at,
	e.fields ->> 'purge_at' AS purge_at,
	e.fields ->> 'deleted_by' AS deleted_by,
	e.doc
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'deleted_space';

CREATE VIEW deleted_roles AS
SELECT o.slug AS organization, e.number,
	e.fields ->> 'id' AS id,
	e.fields -> 'role' ->> 'handle' AS handle,
	e.fields -> 'role' ->> 'name' AS name,
	e.fields ->> 'deleted_at' AS deleted_at,
	e.fields ->> 'purge_at' AS purge_at,
	e.fields ->> 'deleted_by' AS deleted_by,
	e.doc
FROM documents AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'deleted_role';

CREATE VIEW deleted_organizations AS
SELECT d.slug AS organization, d.number,
	d.fields ->> 'id' AS id,
	d.name,
	d.fields ->> 'deleted_at' AS deleted_at,
	d.fields ->> 'purge_at' AS purge_at,
	d.fields ->> 'deleted_by' AS deleted_by,
	d.doc
FROM (SELECT slug, number, name, doc, replace(doc, '\u0000', '\ufffd')::json AS fields FROM organizations) AS d
WHERE d.fields ->> 'deleted_at' IS NOT NULL;
