// Package web is the web app of a company's server: its files, embedded. For
// now it is one page that says what the server is and where to go on.
package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
)

//go:embed app
var app embed.FS

var home = template.Must(template.ParseFS(app, "app/index.html"))

// Favicon is the icon of every page, an ICO.
//
//go:embed app/favicon.ico
var Favicon []byte

// Server is what the first page says of the server that shows it.
type Server struct {
	// Company is its party id (MAR), Name what people call it.
	Company, Name string
	// MQTT is the address of its broker; empty leaves it out.
	MQTT string
}

// Home is the page at "/".
func Home(s Server) ([]byte, error) {
	var b bytes.Buffer
	if err := home.Execute(&b, s); err != nil {
		return nil, fmt.Errorf("web: first page of %s: %w", s.Company, err)
	}
	return b.Bytes(), nil
}

// Assets are the files under "/assets/".
func Assets() fs.FS {
	sub, err := fs.Sub(app, "app/assets")
	if err != nil {
		panic(err) // the path is a constant
	}
	return sub
}
