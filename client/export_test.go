package client

import "time"

// WholePauses has pauses last as long as they may, so that a test knows when they end.
func WholePauses() Setting {
	return func(c *Client) { c.jitter = func(most time.Duration) time.Duration { return most } }
}
