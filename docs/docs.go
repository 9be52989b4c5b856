// Package docs holds what this folder tells users, in Markdown: guides, a page about each code of an error, and how
// faithful each dialect is. A server shows them below /docs/, where the type of a problem leads, too.
package docs

import "embed"

// Pages are the pages, each a file below guides, errors or dialects, or at the root.
//
//go:embed *.md guides/*.md errors/*.md dialects/*.md
var Pages embed.FS
