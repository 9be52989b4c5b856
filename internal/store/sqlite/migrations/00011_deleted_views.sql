-- +goose Up

-- What was deleted and can be restored, for people, as deleted_users is.
CREATE VIEW deleted_groups AS
SELECT o.slug AS organization, e.number,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.group.name') AS name,
	json_extract(e.doc, '$.deleted_at') AS deleted_at,
	json_extract(e.doc, '$.purge_at') AS purge_at,
	json_extract(e.doc, '$.deleted_by') AS deleted_by,
	e.doc
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'deleted_group';

CREATE VIEW deleted_spaces AS
SELECT o.slug AS organization, e.number,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.space.title') AS title,
	json_extract(e.doc, '$.space.path') AS path,
	json_extract(e.doc, '$.deleted_at') AS deleted_at,
	json_extract(e.doc, '$.purge_at') AS purge_at,
	json_extract(e.doc, '$.deleted_by') AS deleted_by,
	e.doc
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'deleted_space';

CREATE VIEW deleted_roles AS
SELECT o.slug AS organization, e.number,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.role.handle') AS handle,
	json_extract(e.doc, '$.role.name') AS name,
	json_extract(e.doc, '$.deleted_at') AS deleted_at,
	json_extract(e.doc, '$.purge_at') AS purge_at,
	json_extract(e.doc, '$.deleted_by') AS deleted_by,
	e.doc
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'deleted_role';

CREATE VIEW deleted_organizations AS
SELECT slug AS organization, number,
	json_extract(doc, '$.id') AS id,
	name,
	json_extract(doc, '$.deleted_at') AS deleted_at,
	json_extract(doc, '$.purge_at') AS purge_at,
	json_extract(doc, '$.deleted_by') AS deleted_by,
	doc
FROM organizations WHERE json_extract(doc, '$.deleted_at') IS NOT NULL;
