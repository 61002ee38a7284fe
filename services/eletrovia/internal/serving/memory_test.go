package serving

import (
	"os"
	"strings"
	"testing"
)

// What bench --overload measures runs as the image does.
func TestImageKeepsMemory(t *testing.T) {
	image, err := os.ReadFile("../../../../compose/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(image), "\nENV "+KeptMemory+"\n") {
		t.Errorf("compose/Dockerfile does not set %s", KeptMemory)
	}
}
