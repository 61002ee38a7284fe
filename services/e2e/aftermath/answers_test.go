package aftermath

import (
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api/apitest"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// Every answer of these servers is held against openapi.yaml.
func init() {
	hang = func(t *testing.T, o *app.Options) { o.Around = apitest.Hold(t) }
}
