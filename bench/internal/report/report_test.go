package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/bench/internal/report"
)

func compared() report.Report {
	r := report.Report{
		Setting: "a machine",
		Rappel:  report.Column{Name: "Rappel", Figures: report.Figures{report.Worked.ID: 500, report.P50.ID: 4.5}},
		Peers: []report.Column{
			{Name: "asynq", Figures: report.Figures{report.Worked.ID: 1000, report.P50.ID: 500}},
			{Name: "River", Why: "not installed: no postgres in PATH"},
		},
	}
	r.Compare()
	return r
}

func TestTableHasRatiosAndReasons(t *testing.T) {
	t.Parallel()
	r := compared()
	var out strings.Builder
	require.NoError(t, r.Table(&out))
	require.Regexp(t, `taken and completed, jobs/s +500 +1000 +0\.50 +- +-`, out.String())
	require.Regexp(t, `as shipped, p50 ms +4\.5 +500\.0 +0\.01 +- +-`, out.String())
	require.Contains(t, out.String(), "River: NOT MEASURED WHOLE (-): not installed: no postgres in PATH")
}

func TestMedianIsTheMiddle(t *testing.T) {
	t.Parallel()
	id := report.Worked.ID
	require.Equal(t, report.Figures{id: 2}, report.Median([]report.Figures{{id: 9}, {id: 1}, {id: 2}}))
	require.Equal(t, report.Figures{id: 1}, report.Median([]report.Figures{{id: 9}, {id: 1}}))
	require.Equal(t, report.Figures{id: 7}, report.Median([]report.Figures{{id: 7}, {}}), "a round that ended early")
	require.Empty(t, report.Median(nil))
}

func TestJSONHasTheSame(t *testing.T) {
	t.Parallel()
	r := compared()
	var out strings.Builder
	require.NoError(t, r.JSON(&out))
	var back report.Report
	require.NoError(t, json.Unmarshal([]byte(out.String()), &back))
	require.InDelta(t, 0.5, back.Peers[0].Ratios[report.Worked.ID], 1e-9)
	require.Equal(t, "not installed: no postgres in PATH", back.Peers[1].Why)
}
