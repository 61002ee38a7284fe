package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
)

// stageAPI is the play of a demo; without one its routes are unknown.
type stageAPI struct{ play Stage }

func (a *stageAPI) routes(g *guards) []route {
	return []route{
		{get, "/api/v1/stage", g.anybody(a.stage)},
		{post, "/api/v1/stage", g.anybody(a.steerStage)},
	}
}

// Stage is the play of a demo, which everybody may watch and steer (docs/adr/0026-the-stage.md).
type Stage interface {
	// Show is what is to be seen now. It must not block.
	Show() api.Stage
	// Steer does what a visitor asks. INVALID_FIELD where it cannot be done now.
	Steer(api.StageCommand) (api.Stage, error)
}

// stage answers GET /api/v1/stage. UNKNOWN_ROUTE where there is no demo.
func (a *stageAPI) stage(c echo.Context) error {
	if a.play == nil {
		return echo.ErrNotFound
	}
	return answer(c, http.StatusOK, a.play.Show())
}

// steerStage answers POST /api/v1/stage. It refuses like stage.
func (a *stageAPI) steerStage(c echo.Context) error {
	if a.play == nil {
		return echo.ErrNotFound
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	command, err := api.DecodeStageCommand(raw)
	if err != nil {
		return err
	}
	now, err := a.play.Steer(command)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, now)
}
