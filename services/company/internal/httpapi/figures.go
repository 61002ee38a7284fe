package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// overview answers GET /api/v1/overview: the company in figures.
func (s *Server) overview(c echo.Context, _ identity.Caller) error {
	return answer(c, http.StatusOK, s.o.Overview.Overview())
}

// broker answers GET /api/v1/broker: the broker in figures, and a page of its cars.
func (s *Server) broker(c echo.Context, _ identity.Caller) error {
	all := s.o.BrokerCars()
	cars, err := pageOfList(c, all, same)
	if err != nil {
		return err
	}
	b := s.o.Broker()
	b.Cars, b.CarsTotal = cars, len(all)
	return answer(c, http.StatusOK, b)
}
