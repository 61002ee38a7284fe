package vehicle

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

//go:embed models.json
var modelsData []byte

var models = sync.OnceValue(func() []Vehicle {
	var file struct {
		Models []Vehicle `json:"models"`
	}
	if err := json.Unmarshal(modelsData, &file); err != nil {
		panic("vehicle: models.json is broken: " + err.Error())
	}
	slices.SortFunc(file.Models, func(a, b Vehicle) int { return strings.Compare(a.ID, b.ID) })
	return file.Models
})

// All are the known models, by id.
func All() []Vehicle {
	all := slices.Clone(models())
	for i := range all {
		all[i] = all[i].clone()
	}
	return all
}

// ByID finds a model, "byd-dolphin".
func ByID(id string) (Vehicle, bool) {
	for _, m := range models() {
		if m.ID == id {
			return m.clone(), true
		}
	}
	return Vehicle{}, false
}

// clone shares nothing with v that a caller could change.
func (v Vehicle) clone() Vehicle {
	v.DCCurve, v.Ports = slices.Clone(v.DCCurve), slices.Clone(v.Ports)
	return v
}
