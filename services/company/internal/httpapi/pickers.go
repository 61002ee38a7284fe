package httpapi

import (
	"fmt"
	"math"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// placesByName answers GET /api/v1/places: those that plans know, by what is typed.
func placesByName(c echo.Context) error {
	limit, err := queryInt(c, "limit", 1, api.MaxPlaces, api.DefaultPlaces)
	if err != nil {
		return err
	}
	typed := c.QueryParam("q")
	switch {
	case typed == "":
		return charging.Invalid("q", "is missing: say what was typed")
	case len(typed) > api.MaxTyped:
		return charging.Invalid("q", fmt.Sprintf("has %d bytes; at most %d", len(typed), api.MaxTyped))
	}
	found := []api.FoundPlace{}
	for _, p := range road.Default().Search(typed, limit) {
		found = append(found, placeOf(p))
	}
	return answerKept(c, found)
}

// placesNear answers GET /api/v1/places/near.
func placesNear(c echo.Context) error {
	limit, err := queryInt(c, "limit", 1, api.MaxPlaces, api.DefaultPlaces)
	if err != nil {
		return err
	}
	var at geo.Point
	if at.Lat, err = queryDegrees(c, "lat", 90); err != nil {
		return err
	}
	if at.Lon, err = queryDegrees(c, "lon", 180); err != nil {
		return err
	}
	found := []api.FoundPlace{}
	for _, p := range road.Default().Around(at, limit) {
		f, km := placeOf(p.Place), math.Round(p.Km*1000)/1000
		f.DistanceKM = &km
		found = append(found, f)
	}
	return answerKept(c, found)
}

func placeOf(p road.Place) api.FoundPlace {
	return api.FoundPlace{Name: p.String(), City: p.Name, State: p.State, Lat: p.Point.Lat, Lon: p.Point.Lon}
}

// queryDegrees takes a required coordinate from the query. INVALID_FIELD.
func queryDegrees(c echo.Context, name string, most float64) (float64, error) {
	v, err := strconv.ParseFloat(c.QueryParam(name), 64)
	if err != nil || !(v >= -most && v <= most) {
		return 0, charging.Invalid(name, fmt.Sprintf("must be a number of degrees from %v to %v", -most, most))
	}
	return v, nil
}

// models answers GET /api/v1/models.
func models(c echo.Context) error {
	return answerKeptPage(c, vehicle.All(), modelOf)
}

func modelOf(v vehicle.Vehicle) api.Model {
	m := api.Model{
		ID: v.ID, Name: v.Name, UsableBatteryKWh: v.UsableBatteryKWh, ConsumptionKWh100Km: v.ConsumptionKWh100Km,
		DCKW: v.DCKW, ACKW: v.ACKW, Ports: v.Ports, DCCurve: make([][2]float64, len(v.DCCurve)),
	}
	for i, p := range v.DCCurve {
		m.DCCurve[i] = p
	}
	return m
}
