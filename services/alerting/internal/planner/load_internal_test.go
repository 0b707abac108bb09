package planner

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// known has another name than its method.
type known = Alerts

// someAlerts are alerts that are loaded one by one, each with what comes of it.
type someAlerts struct {
	known
	errs map[string]error
}

func (s someAlerts) Load(_ context.Context, id string) (*eventsv1.AlertState, error) {
	if err := s.errs[id]; err != nil {
		return nil, err
	}
	return &eventsv1.AlertState{Id: id, State: eventsv1.AlertState_FIRING}, nil
}

// An alert that cannot be read holds nobody up; a store that is away holds up everybody.
func TestAnAlertThatCannotBeReadHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	p := &Planner{index: newIndex(&plan.Config{}), deps: Deps{Log: zap.NewNop(), Alerts: someAlerts{errs: map[string]error{
		"damaged": bus.Terminate("undecodable", errors.New("it is no event")), "none": alertstate.ErrUnknown, "away": bus.ErrUnavailable,
	}}}}
	require.NoError(t, p.load(t.Context(), []string{"damaged", "none", "fine"}))
	require.Nil(t, p.index.alerts["damaged"].alert)
	require.Nil(t, p.index.alerts["none"].alert)
	require.Equal(t, "fine", p.index.alerts["fine"].alert.GetId())
	require.ErrorIs(t, p.load(t.Context(), []string{"away"}), bus.ErrUnavailable)
	require.Nil(t, p.index.alerts["away"])
}
