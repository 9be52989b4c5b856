package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"path"
	"strings"
)

// files are what pages are made of. The script of the API references is Scalar's, as `make vendor-docs` fetches it.
//
//go:embed assets
var files embed.FS

// asset is a file that pages refer to, at a path that changes with its content.
type asset struct {
	name, path string // name is what pages call it
	body       []byte
	gzipped    bool
}

// assets returns all of them.
func assets() []asset {
	return []asset{
		newAsset("site.css"), newAsset("reference.js"), newAsset("compare.js"), newAsset("scalar.js.gz"),
		newAsset("scalar.LICENSE"), newAsset("icon.svg"),
	}
}

// newAsset returns a file that was compiled in.
func newAsset(file string) asset {
	body, err := files.ReadFile("assets/" + file)
	if err != nil {
		panic(err) // the names are constants
	}
	name, gzipped := strings.CutSuffix(file, ".gz")
	sum, ext := sha256.Sum256(body), path.Ext(name)
	at := Root + "assets/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	return asset{name: name, path: at, body: body, gzipped: gzipped}
}

// page returns what is served at the asset's path.
func (a asset) page() *Page {
	p := newPage(a.mediaType(), a.body)
	p.Gzipped, p.Forever = a.gzipped, true
	return p
}

func (a asset) mediaType() string {
	switch path.Ext(a.name) {
	case ".js":
		return "text/javascript"
	case ".css":
		return "text/css"
	case ".svg":
		return "image/svg+xml"
	default:
		return "text/plain"
	}
}
