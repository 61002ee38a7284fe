package httpapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// inventory answers GET /api/v1/inventory.
func (a *operatorAPI) inventory(c echo.Context, _ identity.Caller) error {
	inv, err := a.offered(c.Request().Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, inv)
}

// reloadInventory answers POST /api/v1/inventory/reload.
func (a *operatorAPI) reloadInventory(c echo.Context, who identity.Caller) error {
	var inv api.Inventory
	if err := a.audit.noted(c, who, "reload the inventory", string(a.self), "", func(ctx context.Context) (err error) {
		inv, err = a.reload(ctx)
		return err
	}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, inv)
}
