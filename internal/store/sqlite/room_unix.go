//go:build unix

package sqlite

import "golang.org/x/sys/unix"

// roomAt returns how many bytes may still be written to the file system of a folder.
func roomAt(folder string) (bytes int64, known bool) {
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return 0, false
	}
	return int64(stat.Bavail) * int64(stat.Bsize), true //nolint:gosec,unconvert // types differ between systems
}
