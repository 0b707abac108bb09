package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// modelListed is a model as ListModels shows it.
type modelListed struct {
	Version string
	Current bool
}

// models lists them, and requires that one is in use.
func (l *loop) models() (all []modelListed, current string) {
	l.t.Helper()
	var resp struct{ Models []modelListed }
	require.Equal(l.t, http.StatusOK, get(l.scorer.url()+"/v1/models", &resp))
	for _, m := range resp.Models {
		if m.Current {
			require.Empty(l.t, current, "two models are in use: %v", resp.Models)
			current = m.Version
		}
	}
	require.NotEmpty(l.t, current, "no model is in use: %v", resp.Models)
	return resp.Models, current
}

// read is what the model in use makes of a sentence with a word: its sentiment, and the
// versions that found it.
func (l *loop) read(word string) (sentiment, version string) {
	l.t.Helper()
	var resp struct {
		Analysis struct {
			Version   string
			Sentiment struct{ Label string }
		}
	}
	require.Equal(l.t, http.StatusOK, post(l.scorer.url()+"/v1/verbatims:analyse", object{"text": sentence(word)}, &resp))
	return resp.Analysis.Sentiment.Label, resp.Analysis.Version
}

// train orders a training and follows it to its end; it returns nil when the connection
// broke before it came.
func (l *loop) train() *modelListed {
	l.t.Helper()
	long := &http.Client{Timeout: 2 * time.Minute}
	resp, err := long.Post(l.scorer.url()+"/v1/models:train", "application/json", strings.NewReader(`{"by":"sam"}`))
	if err != nil {
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	require.Equal(l.t, http.StatusOK, resp.StatusCode)
	for in := bufio.NewScanner(resp.Body); in.Scan(); {
		var p struct {
			Result struct{ Model *modelListed }
			Error  json.RawMessage
		}
		require.NoError(l.t, json.Unmarshal(in.Bytes(), &p), "%s", in.Bytes())
		require.Empty(l.t, p.Error, "the training was refused: %s", p.Error)
		if p.Result.Model != nil {
			return p.Result.Model
		}
	}
	return nil
}

// crash restarts the scorer so that it dies at a step, makes it take it, and runs it again.
func (l *loop) crash(step string, take func()) {
	l.t.Helper()
	env := l.scorer.env
	l.scorer.restart(append([]string{"CRASH_AT=" + step}, env...)...)
	take()
	l.scorer.waitEnd()
	require.False(l.t, l.scorer.cmd.ProcessState.Exited(), "it was killed, and did not end by itself")
	l.scorer.restart(env...)
}

func sentence(word string) string { return "Le bidule est " + word + " pour nous." }

// teach sends answers in a deployment's own words, of which the first half is what customers
// write who are dissatisfied, and waits until they are scored.
func (l *loop) teach(round string, words ...string) {
	l.t.Helper()
	for i := range 600 { // of which about a fifth is held out, with 20 dissatisfied at least
		id := fmt.Sprintf("%s-%d", round, i)
		bad := i%2 == 0
		word, value := words[i/2%(len(words)/2)], 0.0
		if !bad {
			word, value = words[len(words)/2+i/2%(len(words)/2)], 10
		}
		a := answer(id, id, "NPS", value)
		a["answers"] = append(a["answers"].([]object), object{"verbatim": sentence(word)})
		l.submit(a)
	}
	l.settle()
}

// TestTrainingKilledBetweenSteps kills the scorer, by kill -9, while it trains a model: while
// it learns, before the model is stored, and after that, before it is in use. Before the
// store the model in use is the old one, and nothing else is listed; after it, it is the new
// one, whole. Answers are scored all along, and the next training is none the worse.
func TestTrainingKilledBetweenSteps(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := s.start(t)
			l.teach("a", "plouf", "craboule", "moufte", "tragnol", "zizou", "bilouche", "farandi", "ouistou")
			before, base := l.models()
			require.Len(t, before, 1)
			_, reads := l.read("plouf")
			for _, step := range []string{"learning:2", "trained"} {
				l.crash(step, func() { require.Nil(t, l.train(), "it dies before it answers") })
				all, _ := l.models()
				require.Equal(t, before, all, "%s: the model in use is the one before, and no other is listed", step)
				_, version := l.read("plouf")
				require.Equal(t, reads, version)
				l.settle() // what comes in is scored
			}

			l.crash("stored", func() { require.Nil(t, l.train()) })
			all, first := l.models()
			require.Len(t, all, 2)
			require.NotEqual(t, base, first)
			require.Equal(t, modelListed{Version: base}, all[1])
			label, version := l.read("plouf")
			require.Equal(t, "NEGATIVE", label)
			require.True(t, strings.HasSuffix(version, " "+first), version)
			l.settle()

			l.crash("promoted", func() {
				require.NotEqual(t, http.StatusOK, post(l.scorer.url()+"/v1/models/"+base+":promote", object{"by": "sam"}, nil))
			})
			all, current := l.models()
			require.Len(t, all, 2)
			require.Equal(t, base, current, "what was decided is in force")
			_, version = l.read("plouf")
			require.Equal(t, reads, version)

			l.teach("b", "scrogne", "vlandu", "bourpif", "glaviot", "lumiche", "papouin", "sirolet", "chamade")
			m := l.train()
			require.NotNil(t, m)
			require.True(t, m.Current, "the next training succeeds, and its model is used")
			all, current = l.models()
			require.Len(t, all, 3)
			require.Equal(t, m.Version, current)
			label, version = l.read("scrogne")
			require.Equal(t, "NEGATIVE", label)
			require.True(t, strings.HasSuffix(version, " "+m.Version), version)
		})
	}
}
