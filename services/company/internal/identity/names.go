package identity

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// words are names that programs, here and elsewhere, take for something else.
var words = []string{"inline", "proto", "prototype", "constructor", "null", "undefined", "true", "false"}

// name is the id of a vehicle that registers here and wishes to be called so; an empty
// wish is made up. INVALID_FIELD, also for what looks like somebody else.
func (s *Service) name(wish charging.VehicleID) (charging.VehicleID, error) {
	if wish == "" {
		wish = charging.VehicleID(rand.Text()[:10])
	}
	id, err := charging.RegisteredAt(s.o.Self, string(wish))
	if err != nil {
		return "", err
	}
	for _, text := range []string{id.Name(), string(wish)} {
		if like := s.like(text); like != "" {
			return "", charging.Invalid("vehicle_id", fmt.Sprintf("%q could be taken for %s; choose another, or leave it out", wish, like))
		}
	}
	return id, nil
}

// like tells what a name could be taken for, by a person or a program that does not
// look closely; empty for nothing.
func (s *Service) like(name string) string {
	f := folded(name)
	switch {
	case f == OperatorName:
		return "the operator"
	case charging.CompanyID(strings.ToUpper(f)).Validate() == nil:
		return "a company"
	case slices.Contains(words, f):
		return "a word of programs"
	}
	for id := range s.o.Vehicles {
		if folded(string(id)) == f {
			return "the vehicle " + string(id)
		}
	}
	return ""
}

// folded is a name without what is overlooked: case and punctuation.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return -1
	}, name)
}

// reserved refuses vehicle ids of the configuration that could be taken for somebody
// else: a peer logs in to MQTT with its party id, the operator with its name.
func reserved(id charging.VehicleID) error {
	if charging.CompanyID(id).Validate() == nil || strings.EqualFold(string(id), OperatorName) {
		return charging.Invalid("vehicle_id", fmt.Sprintf("%q is a company's or the operator's name; choose another", id))
	}
	return nil
}
