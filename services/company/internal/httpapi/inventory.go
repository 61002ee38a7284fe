package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// inventory answers GET /api/v1/inventory.
func (s *Server) inventory(c echo.Context, _ identity.Caller) error {
	inv, err := s.o.Inventory(c.Request().Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, inv)
}

// reloadInventory answers POST /api/v1/inventory/reload.
func (s *Server) reloadInventory(c echo.Context, _ identity.Caller) error {
	s.audit(c, "reload the inventory", string(s.o.Company), "")
	ctx, cancel := lasting(c)
	defer cancel()
	inv, err := s.o.ReloadInventory(ctx)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, inv)
}
