-- +goose Up

-- The next free numbers of an organization's records stand beside its document, as its version does: they go on with every
-- record that is made, and no change tells of them.
ALTER TABLE organizations ADD COLUMN next TEXT NOT NULL DEFAULT '{}';
UPDATE organizations SET next = json_extract(doc, '$.next'), doc = json_remove(doc, '$.next')
	WHERE json_extract(doc, '$.next') IS NOT NULL;
