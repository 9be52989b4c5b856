-- +goose Up

-- What is left of the texts of an entry of the audit, and of its documents, where a person was erased. form says what the
-- hash covers: 1 the texts themselves, 2 digests of them. A seal is NULL while its salt follows from the entry's; else it is
-- the text's own salt (16 bytes), or the digest that stands for a text that was erased (32 bytes).
ALTER TABLE audit_entries ADD COLUMN form INTEGER NOT NULL DEFAULT 1;
ALTER TABLE audit_entries ADD COLUMN name_seal BLOB;
ALTER TABLE audit_entries ADD COLUMN reason_seal BLOB;

-- Has a row from when a person is erased until what was erased is nowhere in the file and its log any more.
CREATE TABLE to_scrub (since INTEGER NOT NULL);

CREATE VIEW deleted_users AS
SELECT o.slug AS organization, e.number,
	json_extract(e.doc, '$.id') AS id,
	json_extract(e.doc, '$.user.identifier') AS identifier,
	json_extract(e.doc, '$.user.email') AS email,
	json_extract(e.doc, '$.user.name') AS name,
	json_extract(e.doc, '$.deleted_at') AS deleted_at,
	json_extract(e.doc, '$.purge_at') AS purge_at,
	e.doc
FROM entities AS e JOIN organizations AS o ON o.id = e.org_id WHERE e.type = 'deleted_user';
