package scorer_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	scorerv1 "github.com/rappel-loop/rappel/proto/gen/go/api/scorer/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
	"github.com/rappel-loop/rappel/services/scorer"
)

const key = "aaaaaaaaaaaaaaaaaaaaaaaaaa"

// revision is a received response as the collector stores it.
func revision(id string, n uint32, nps float64, text string) *eventsv1.ResponseReceived {
	r := received(id, nps)
	r.EventId, r.Revision, r.Bucket = fmt.Sprintf("e-%s-%d", id, n), n, subject.BucketOf(key)
	r.Response.Answers[1].Verbatim = text
	if n > 1 {
		r.Previous = received(id, nps).GetResponse()
		r.Previous.Answers[1].Verbatim = text
	}
	return r
}

func (b bundle) receive(t testing.TB, r *eventsv1.ResponseReceived) {
	t.Helper()
	_, err := b.bus.Publish(t.Context(), bus.Event{
		Subject: subject.Response(r.GetResponse().GetSurvey(), r.GetBucket()), ID: r.GetEventId(), Body: r,
		Headers: map[string]string{
			subject.HeaderResponseID: base64.RawURLEncoding.EncodeToString([]byte(r.GetResponse().GetId())),
			subject.HeaderRevision:   strconv.Itoa(int(r.GetRevision())),
		},
	})
	require.NoError(t, err)
}

// quiet waits until both consumers have dealt with everything.
func (b bundle) quiet(t *testing.T) {
	t.Helper()
	testkit.Handled(t, b.bus, topology.Scorer)
	testkit.Handled(t, b.bus, topology.Corrections)
}

// scores are all events of SCORES about a response.
func (b bundle) scores(t *testing.T, id string) (all []*eventsv1.ResponseScored) {
	t.Helper()
	for _, d := range stored(t, b.bus, subject.Scores) {
		e := &eventsv1.ResponseScored{}
		require.NoError(t, d.Decode(e))
		if e.GetReceived().GetResponse().GetId() == id {
			all = append(all, e)
		}
	}
	return all
}

// last is the latest of them by revision and correction.
func last(all []*eventsv1.ResponseScored) *eventsv1.ResponseScored {
	var l *eventsv1.ResponseScored
	for _, e := range all {
		if l == nil || e.GetReceived().GetRevision() > l.GetReceived().GetRevision() ||
			e.GetReceived().GetRevision() == l.GetReceived().GetRevision() && e.GetCorrection() > l.GetCorrection() {
			l = e
		}
	}
	return l
}

func ask(id string, by string, c *eventsv1.Correction) *scorerv1.CorrectAnalysisRequest {
	return &scorerv1.CorrectAnalysisRequest{Survey: "apres-livraison", ResponseId: id, CustomerKey: key, By: by, Correction: c}
}

func intents(all ...eventsv1.Intent) *eventsv1.Correction {
	return &eventsv1.Correction{Intents: &eventsv1.Correction_Intents{Intents: all}}
}

var sad = &eventsv1.Correction{Sentiment: eventsv1.Sentiment_NEGATIVE}

func TestACorrectionScoresTheResponseAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.receive(t, revision("r-1", 1, 9, "Bravo, quelle ponctualité..."))
	b.receive(t, revision("r-2", 1, 9, "Parfait"))
	b.quiet(t)
	got, err := b.api.CorrectAnalysis(t.Context(), ask("r-1", "sam", sad))
	require.NoError(t, err)
	require.EqualValues(t, 1, got.GetNumber())
	require.Equal(t, eventsv1.VerbatimAnalysis_CORRECTED, got.GetAnalysis().GetStatus())
	require.Equal(t, eventsv1.Sentiment_NEGATIVE, got.GetAnalysis().GetSentiment().GetLabel())
	b.quiet(t)
	all := b.scores(t, "r-1")
	require.Len(t, all, 2)
	c := last(all)
	require.EqualValues(t, 1, c.GetCorrection())
	require.Equal(t, all[0].GetEventId()+"-c1", c.GetEventId())
	require.Equal(t, "sam", c.GetScore().GetVerbatims()[0].GetCorrectedBy())
	require.Equal(t, eventsv1.Disagreement_GOOD_SCORE_BAD_WORDS, c.GetScore().GetDisagreement())
	require.Len(t, c.GetEarlier(), 1)
	require.Len(t, b.scores(t, "r-2"), 1, "another's is left alone")

	// A later revision with the same words has the correction, one with others has not.
	b.receive(t, revision("r-1", 2, 3, "Bravo, quelle ponctualité..."))
	b.quiet(t)
	c = last(b.scores(t, "r-1"))
	require.EqualValues(t, 2, c.GetReceived().GetRevision())
	require.EqualValues(t, 1, c.GetCorrection())
	require.Equal(t, eventsv1.VerbatimAnalysis_CORRECTED, c.GetScore().GetVerbatims()[0].GetStatus())
	require.Equal(t, eventsv1.VerbatimAnalysis_CORRECTED, c.GetPreviousScore().GetVerbatims()[0].GetStatus())
	other := revision("r-1", 3, 3, "Bravo, quelle ponctualité...")
	other.Response.Answers[1].Verbatim = "Merci"
	b.receive(t, other)
	b.quiet(t)
	c = last(b.scores(t, "r-1"))
	require.Equal(t, eventsv1.VerbatimAnalysis_ANALYSED, c.GetScore().GetVerbatims()[0].GetStatus())
	require.Equal(t, eventsv1.VerbatimAnalysis_CORRECTED, c.GetPreviousScore().GetVerbatims()[0].GetStatus())
}

func TestWhatACorrectionIsRefusedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.receive(t, revision("r-1", 1, 9, "Parfait"))
	_, err := b.api.CorrectAnalysis(t.Context(), ask("r-9", "sam", sad))
	require.Equal(t, "NO_SUCH_RESPONSE", rpc.Reason(err))
	require.Equal(t, codes.NotFound, status.Code(err))
	second := ask("r-1", "sam", sad)
	second.Verbatim = 1
	_, err = b.api.CorrectAnalysis(t.Context(), second)
	require.Equal(t, "NO_SUCH_RESPONSE", rpc.Reason(err))

	first := ask("r-1", "sam", sad)
	first.Number = proto.Uint32(0)
	got, err := b.api.CorrectAnalysis(t.Context(), first)
	require.NoError(t, err)
	require.EqualValues(t, 1, got.GetNumber())
	got, err = b.api.CorrectAnalysis(t.Context(), first)
	require.NoError(t, err, "a repeat after a lost answer")
	require.EqualValues(t, 1, got.GetNumber())
	late := ask("r-1", "max", intents(eventsv1.Intent_URGENT))
	late.Number = proto.Uint32(0)
	_, err = b.api.CorrectAnalysis(t.Context(), late)
	require.Equal(t, "CORRECTED_MEANWHILE", rpc.Reason(err))
	require.Equal(t, codes.Aborted, status.Code(err))
	require.Len(t, stored(t, b.bus, subject.Corrections), 1)

	for i := range 49 {
		_, err = b.api.CorrectAnalysis(t.Context(), ask("r-1", "sam", intents(eventsv1.Intent(1+i%2))))
		require.NoError(t, err)
	}
	_, err = b.api.CorrectAnalysis(t.Context(), ask("r-1", "sam", intents()))
	require.Equal(t, "TOO_MANY_CORRECTIONS", rpc.Reason(err))
	b.quiet(t)
	require.EqualValues(t, 50, last(b.scores(t, "r-1")).GetCorrection())
}

// Two replicas, revisions and corrections at once by many, corrections delivered twice, and
// a replica that is stopped and begun anew all the while: the latest score of each response
// has all corrections in it.
func TestRevisionsAndCorrectionsRace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const responses, revisions, corrections = 6, 6, 6
	done := make(chan struct{})
	var replicas sync.WaitGroup
	replicas.Go(func() {
		for {
			s, err := scorer.New(scorer.DefaultConfig(), scorer.Deps{Bus: b.bus, RPC: closedRPC(t)})
			if err != nil || s.Start(context.Background()) != nil {
				t.Error("a replica does not start")
				return
			}
			select {
			case <-time.After(20 * time.Millisecond): // a life, cut short in the middle of its work
			case <-done:
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			_ = s.Stop(ctx) // handlers were cut short: that is the point
			cancel()
			select {
			case <-done:
				return
			default:
			}
		}
	})
	text := "Livré en retard, c'est toujours pareil."
	var work sync.WaitGroup
	for i := range responses {
		id := fmt.Sprintf("r-%d", i)
		b.receive(t, revision(id, 1, 2, text))
		work.Go(func() {
			for n := uint32(2); n <= revisions; n++ {
				b.receive(t, revision(id, n, 2, text))
			}
		})
		work.Go(func() {
			for n := range corrections {
				if _, err := b.api.CorrectAnalysis(t.Context(), ask(id, fmt.Sprintf("p%d", n), intents(eventsv1.Intent(1+n)))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	for _, d := range stored(t, b.bus, subject.Corrections) { // each once more, as after a lost acknowledgement
		c := &eventsv1.AnalysisCorrected{}
		require.NoError(t, d.Decode(c))
		_, err := b.bus.Publish(t.Context(), bus.Event{Subject: d.Subject, ID: "again-" + d.ID, Body: c})
		require.NoError(t, err)
	}
	close(done)
	replicas.Wait()
	b.quiet(t)
	for i := range responses {
		all := b.scores(t, fmt.Sprintf("r-%d", i))
		l := last(all)
		require.EqualValues(t, revisions, l.GetReceived().GetRevision())
		found := l.GetScore().GetVerbatims()[0]
		require.Equal(t, "p5", found.GetCorrectedBy())
		require.Len(t, found.GetIntents(), 1)
		require.Equal(t, eventsv1.Intent(6), found.GetIntents()[0].GetIntent())
	}
	require.Empty(t, stored(t, b.bus, subject.DeadLetters))
}

// The stream refuses what would be too large; a response with as many and as long verbatims
// as the contract allows, corrected often, is far below.
func TestALongResponseFitsInAnEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := revision("r-1", 1, 2, "x")
	long := ""
	for len(long) < 2_500 { // the collector takes 256 KiB in all
		long += "Très déçu, livré en retard, personne au téléphone, je veux être remboursé ! "
	}
	for i := range 98 {
		r.Response.Answers = append(r.Response.Answers, &eventsv1.Answer{Question: fmt.Sprint(i), Verbatim: long})
	}
	r.Response.Answers[1].Verbatim = "Corrigez-moi."
	b.receive(t, r)
	r.Revision, r.Previous = 2, proto.Clone(r.GetResponse()).(*eventsv1.Response)
	r.EventId = "e-r-1-2"
	b.receive(t, r)
	b.quiet(t)
	for i := range 50 {
		_, err := b.api.CorrectAnalysis(t.Context(), ask("r-1", "sam", intents(eventsv1.Intent(1+i%8))))
		require.NoError(t, err)
	}
	b.quiet(t)
	require.Empty(t, stored(t, b.bus, subject.DeadLetters))
	e := last(b.scores(t, "r-1"))
	require.EqualValues(t, 50, e.GetCorrection())
	t.Logf("%d bytes, of which the response has %d", proto.Size(e), proto.Size(e.GetReceived()))
	require.Less(t, proto.Size(e), 1<<20, "what a server takes unless told otherwise")
}
