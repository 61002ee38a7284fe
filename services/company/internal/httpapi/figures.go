package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// overview answers GET /api/v1/overview: the company in figures.
func (a *operatorAPI) overview(c echo.Context, _ identity.Caller) error {
	return answer(c, http.StatusOK, a.board.Overview())
}

// broker answers GET /api/v1/broker: the broker in figures, and a page of its cars.
func (a *operatorAPI) broker(c echo.Context, _ identity.Caller) error {
	all := a.brokerCars()
	cars, err := pageOfList(c, all, same)
	if err != nil {
		return err
	}
	b := a.brokerNow()
	b.Cars, b.CarsTotal = cars, len(all)
	return answer(c, http.StatusOK, b)
}
