package store

// Copying is how a file is copied to another one.
type Copying struct {
	// Replace lets the copy take the place of a file that is there.
	Replace bool
	// Progress, if not nil, is told now and then how many bytes are written, of about how many. It is not called
	// concurrently.
	Progress func(done, about int64)
}
