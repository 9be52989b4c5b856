// Package index is the read model: an immutable view of one organization that answers every query from memory.
package index
