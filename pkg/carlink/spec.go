package carlink

import _ "embed"

// Spec is asyncapi.yaml: the contract as an AsyncAPI 3 document.
//
//go:embed asyncapi.yaml
var Spec []byte
