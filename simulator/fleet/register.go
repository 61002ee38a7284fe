package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func carName(c Car) string { return fmt.Sprintf("car %d", c.Index) }

var registrar = &http.Client{Timeout: 10 * time.Second}

// Register makes a car a vehicle of its server's company: POST
// /api/v1/vehicles. The company chooses the id.
func Register(ctx context.Context, c Car, s Server) (Identity, error) {
	body, err := json.Marshal(map[string]string{"model": c.Model.ID})
	if err != nil {
		return Identity{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.HTTP+"/api/v1/vehicles", bytes.NewReader(body))
	if err != nil {
		return Identity{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := registrar.Do(req)
	if err != nil {
		return Identity{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return Identity{}, err
	}
	if resp.StatusCode != http.StatusCreated {
		return Identity{}, fmt.Errorf("%s answered %s: %.200s", req.URL, resp.Status, raw)
	}
	var out struct {
		VehicleID charging.VehicleID `json:"vehicle_id"`
		Secret    string             `json:"secret"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return Identity{}, fmt.Errorf("%s: %w", req.URL, err)
	}
	return Identity{VehicleID: out.VehicleID, Secret: out.Secret}, out.VehicleID.Validate()
}
