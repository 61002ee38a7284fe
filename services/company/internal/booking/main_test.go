package booking

import (
	"testing"

	"github.com/eletrovia/eletrovia/pkg/bubbletest"
)

func TestMain(m *testing.M) { bubbletest.Main(m) }
