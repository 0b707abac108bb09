package collector_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector"
)

// What a customer was told that their answer is for is recorded with each revision.
func TestThePurposeIsRecorded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text, err := os.ReadFile("../../sample/surveys/apres-achat.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "s.yaml"), append([]byte("purpose: service-recovery\n"), text...), 0o600))
	l := setup(t, func(c *collector.Config) { c.SurveysDir = dir })
	v := l.visitor()
	path := v.begin("")
	v.send(path, "step", "1", "q-satisfied", "1")
	v.send(path, "step", "2", "call", "yes", "phone", "06 39 98 20 41")
	a := l.post("/v1/responses", `{"id":"r","survey":"s","answers":[{"metric":"NPS","value":1}],"consent":{"purpose":" research "}}`)
	require.Equal(t, 202, a.code, a.body)
	a = l.post("/v1/responses", `{"id":"r","survey":"s","consent":{"callback":false},"answers":[{"metric":"NPS","value":1}]}`)
	require.Equal(t, 202, a.code, a.body)
	events := l.events()
	require.Len(t, events, 4)
	for i, want := range []string{"service-recovery", "service-recovery", "research", "research"} {
		require.Equal(t, want, events[i].GetResponse().GetConsent().GetPurpose())
	}
	require.Nil(t, events[0].GetResponse().GetConsent().Callback)
	require.True(t, events[1].GetResponse().GetConsent().GetCallback())
	require.Nil(t, events[2].GetResponse().GetConsent().Callback)
	require.NotNil(t, events[3].GetResponse().GetConsent().Callback)
}
