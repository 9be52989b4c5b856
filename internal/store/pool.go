package store

import "time"

// Pooled is what a [Store] may be besides: one that is reached over connections, of which it has so many.
type Pooled interface {
	// Pools returns how the connections are used at present. It is safe for concurrent use.
	Pools() []Pool
}

// Pool is a number of connections that are used for one purpose.
type Pool struct {
	// Name says for what: "write", "read" or "side".
	Name string
	// Most is how many connections there can be, Used how many somebody has, Idle how many are open besides.
	Most, Used, Idle int
	// Waits is how often somebody has waited for a connection since the store was opened, Waited for how long together.
	Waits  int64
	Waited time.Duration
}
