package httpapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
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
func (s *Server) reloadInventory(c echo.Context, who identity.Caller) error {
	var inv api.Inventory
	if err := s.noted(c, who, "reload the inventory", string(s.o.Company), "", func(ctx context.Context) (err error) {
		inv, err = s.o.ReloadInventory(ctx)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, inv)
}
