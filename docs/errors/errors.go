// Package errorpages holds a page about each code of an error, in Markdown: CODE.md says where it comes from and what
// to do. A server shows them below /docs/errors/, where the type of a problem leads.
package errorpages

import "embed"

// Pages are the pages, each a file at the root.
//
//go:embed *.md
var Pages embed.FS
