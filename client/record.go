package client

import (
	"context"
	"net/http"

	"github.com/roster-dev/roster"
)

// get returns what stands at a path.
func get[T any](ctx context.Context, c *Client, path []string, options []Option) (*T, error) {
	found := new(T)
	err := c.call(ctx, request{method: http.MethodGet, path: path}.apply(options), found)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// create makes a record in a list, or carries out what a path names, and returns the answer.
func create[T any](ctx context.Context, c *Client, path []string, body any, options []Option) (*T, error) {
	r := request{method: http.MethodPost, path: path}.apply(options)
	if body != nil {
		var err error
		if r.body, err = encode(body); err != nil {
			return nil, err
		}
		r.contentType = "application/json"
	}
	made := new(T)
	if err := c.call(ctx, r, made); err != nil {
		return nil, err
	}
	return made, nil
}

// update changes the record at a path by a merge patch and returns it.
func update[T any](ctx context.Context, c *Client, path []string, patch []byte, options []Option) (*T, error) {
	changed := new(T)
	err := c.call(ctx, request{
		method: http.MethodPatch, path: path, body: patch, contentType: "application/merge-patch+json",
	}.apply(options), changed)
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// remove deletes what stands at a path.
func remove(ctx context.Context, c *Client, path []string, options []Option) error {
	return c.call(ctx, request{method: http.MethodDelete, path: path}.apply(options), nil)
}

// named returns the path of a record in a list.
func named(list string, ref roster.Ref) []string { return []string{list, ref.String()} }
