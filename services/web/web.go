// Package web is the web app of a company's server: built by Vite into dist, which is
// committed, and embedded, so that Go alone suffices to build a server that shows it.
package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"sync"
)

//go:generate npm ci
//go:generate npm run build

//go:embed all:dist
var dist embed.FS

// Favicon is the icon of every page, an ICO.
//
//go:embed dist/favicon.ico
var Favicon []byte

// page is the file that every page of the app begins as.
const page = "index.html"

// App is the files of the web app. It is safe for use by many goroutines.
type App struct {
	files fs.FS
	// small keeps what has been compressed, by the names that tell their content.
	small *sync.Map
}

// File is one file of the app.
type File struct {
	Content []byte
	// Gzip is the content compressed; nil where that would not be smaller by much.
	Gzip []byte
	// Media is its type.
	Media string
	// Kept: its name tells its content, so that it never changes.
	Kept bool
}

// Embedded is the app that was built into the program.
func Embedded() App {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the path is a constant
	}
	return App{files, &sync.Map{}}
}

// In is an app that lies in a directory, as somebody who develops it has it: it is read
// anew for each request. The error is of a directory without the app's page.
func In(dir string) (App, error) {
	a := App{os.DirFS(dir), &sync.Map{}}
	if _, err := a.Page(); err != nil {
		return App{}, fmt.Errorf("%s is no built web app: it has no %s (npm run build makes it in services/web/dist)", dir, page)
	}
	return a, nil
}

// Page is the HTML of every page of the app.
func (a App) Page() ([]byte, error) { return fs.ReadFile(a.files, page) }

// Asset reads a file under /assets/. Missing says of the error that there is none.
func (a App) Asset(name string) (File, error) {
	if !fs.ValidPath(name) {
		return File{}, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	name = path.Join("assets", name)
	info, err := fs.Stat(a.files, name)
	if err != nil {
		return File{}, err
	}
	if info.IsDir() {
		return File{}, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	content, err := fs.ReadFile(a.files, name)
	if err != nil {
		return File{}, err
	}
	f := File{Content: content, Media: media[path.Ext(name)], Kept: named.MatchString(name)}
	if f.Media == "" {
		f.Media = "application/octet-stream"
	}
	if f.Kept && texts[path.Ext(name)] {
		f.Gzip = a.compressed(name, content)
	}
	return f, nil
}

// compressed compresses a file once.
func (a App) compressed(name string, content []byte) []byte {
	if had, ok := a.small.Load(name); ok {
		return had.([]byte)
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a constant
	_, _ = w.Write(content)                               // into memory
	_ = w.Close()
	a.small.Store(name, b.Bytes())
	return b.Bytes()
}

// named matches what Vite names by its content.
var named = regexp.MustCompile(`-[A-Za-z0-9_-]{8}\.\w+$`)

// media are the types of what an app consists of: what the system says differs.
var media = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".json": "application/json",
	".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json",
}

// texts get smaller by compression.
var texts = map[string]bool{".css": true, ".js": true, ".json": true, ".svg": true}

// Missing reports whether an error says that there is no such file.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) }
