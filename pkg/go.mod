module github.com/eletrovia/eletrovia/pkg

go 1.26.0

require (
	github.com/getkin/kin-openapi v0.153.0 // indirect
	github.com/goccy/go-yaml v1.19.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)
