-- +goose Up

-- Rate limits that all processes share: when a bucket is full again, in nanoseconds since 1970-01-01T00:00:00Z by the
-- server's clock, and how many requests the last who drew from it got. A bucket that is full needs no row.
CREATE TABLE buckets (
	org_id  uuid   NOT NULL,
	key     bytea  NOT NULL,
	full_at bigint NOT NULL,
	drawn   bigint NOT NULL,
	PRIMARY KEY (org_id, key)
);
