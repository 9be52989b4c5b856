-- +goose Up

-- Up to which version the history was trimmed: the changes up to it have digests in the place of documents. trimmed_seq is the
-- last audit entry about any of them.
ALTER TABLE organizations ADD COLUMN trimmed_to INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN trimmed_seq INTEGER NOT NULL DEFAULT 0;
