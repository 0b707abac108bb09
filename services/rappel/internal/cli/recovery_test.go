package cli

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// slot is from so many minutes on, to so many.
func slot(from, to int) *eventsv1.Slot { return &eventsv1.Slot{From: at(from), To: at(to)} }

func recovered(before, after float64, c eventsv1.Class, words string) *eventsv1.Recovery {
	return &eventsv1.Recovery{
		Survey: "apres-rappel", ResponseId: "F-1", Revision: 1, Metric: eventsv1.Metric_NPS, Before: &before, After: &after,
		Class: c, Verbatim: words, At: at(-20),
	}
}

// stillBad makes of a callback one whose customer has answered that it is still bad.
func stillBad(cb *eventsv1.Callback) {
	const words = "On m'avait promis un échange, et on me demande encore le ticket de caisse que j'ai déjà envoyé deux fois !"
	cb.Reopened = &eventsv1.Reopening{Times: 1, At: at(-20), By: "follow-up", AfterAttempt: 1}
	cb.Recovery = recovered(10, 0, eventsv1.Class_DETRACTOR, words)
	cb.Preferred = &eventsv1.Preference{AgentId: "amina", Until: at(10)}
	cb.Reasons = append(cb.GetReasons()[:1:1], &eventsv1.Reason{
		Rule: "detractor", Survey: "apres-rappel", ResponseId: "F-1", Metric: eventsv1.Metric_NPS, Value: proto.Float64(0), Class: eventsv1.Class_DETRACTOR,
		Scale: &eventsv1.Scale{Max: 10}, Verbatim: words, SubmittedAt: at(-20),
	})
	cb.MoreReasons = 0
	if len(cb.GetAttempts()) == 0 {
		cb.Attempts = []*eventsv1.Attempt{{Number: 1, AgentId: "amina", StartedAt: at(-70), EndedAt: at(-65), Outcome: eventsv1.Attempt_REACHED}}
	}
}

// There may be a score before, one after, or none.
func TestScores(t *testing.T) {
	t.Parallel()
	fr := desk{w: &french}
	for want, r := range map[string]*eventsv1.Recovery{
		"CSAT : 33 → 100 sur 100":                    {Metric: eventsv1.Metric_CSAT, Before: proto.Float64(100.0 / 3), After: proto.Float64(100)},
		"satisfaction : 75 sur 100, sans note avant": {After: proto.Float64(75)},
		"satisfaction : sans note, 0 sur 100 avant":  {Before: proto.Float64(0)},
		"satisfaction : sans note":                   {},
		"satisfaction : 20 → 75 sur 100":             {Before: proto.Float64(20), After: proto.Float64(75)},
	} {
		require.Equal(t, want, fr.scores(r))
	}
	for c := range eventsv1.Class_name {
		require.Equal(t, eventsv1.Class(c).String() == "DETRACTOR" || eventsv1.Class(c).String() == "DISSATISFIED" ||
			eventsv1.Class(c).String() == "HIGH_EFFORT" || eventsv1.Class(c).String() == "UNRESOLVED", bad(eventsv1.Class(c)))
	}
}

// A sum of money is what was typed, to the cent.
func TestGestures(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*eventsv1.Gesture{
		"voucher:15,50":              {Kind: "voucher", Cents: 1550},
		"voucher:15.50":              {Kind: "voucher", Cents: 1550},
		" voucher:15,5 ":             {Kind: "voucher", Cents: 1550},
		"voucher:15":                 {Kind: "voucher", Cents: 1500},
		"refund:0.07":                {Kind: "refund", Cents: 7},
		"refund:1.15":                {Kind: "refund", Cents: 115},
		"refund:0090071992547409.93": {Kind: "refund", Cents: 9007199254740993},
		"flowers":                    {Kind: "flowers"},
		"bon_d-achat:0":              {Kind: "bon_d-achat"},
	} {
		got, ok := parseGesture(text)
		require.True(t, ok, text)
		require.True(t, proto.Equal(want, got), "%s: %v", text, got)
	}
	for _, text := range []string{
		"", ":15", "voucher:", "voucher:,50", "voucher:15,", "voucher:15,505", "voucher:-1", "voucher:+1", "voucher:1e3", "voucher:1 000", "voucher:1.000,50",
		"voucher:15 EUR", "voucher:15€", "voucher 15", "chèque:15", "voucher:١٥", "voucher:15:50", "voucher:99999999999999999999", "a\nb:1",
	} {
		_, ok := parseGesture(text)
		require.False(t, ok, text)
	}
	fr := desk{w: &french}
	require.Equal(t, "Geste commercial : refund, 90071992547409,93", fr.gesture(&eventsv1.Gesture{Kind: "refund", Cents: 9007199254740993}))
}

// A wrong gesture is said before anything is noted, and one beyond what the agent
// may give with what that is.
func TestGesturesThatAreRefused(t *testing.T) {
	t.Parallel()
	q := newQueue(t, eventsv1.Callback_ASSIGNED)
	wrapUp := []string{"callbacks", "complete", id, "--agent", "amina", "--reached", "--outcome", "resolved", "--root-cause", "x", "--note", "y", "--gesture"}
	for lang, w := range map[string]*words{"fr": &french, "en": &english} {
		e := world(map[string]string{"RAPPEL_SERVER": q.URL, "LANG": lang})
		q.calls = nil
		for _, wrong := range []string{"", "voucher:much"} {
			_, _, err := run(t, e, callbacksCommand, append(wrapUp, wrong)...)
			require.EqualError(t, err, fill(w.BadGesture, wrong))
		}
		require.Empty(t, q.calls)
	}
	q.move(eventsv1.Callback_WRAPPING)
	q.fail = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			rpc.WriteError(w, rpc.Refused(codes.PermissionDenied, "GOODWILL_LIMIT", "the agent's role may give up to 20.00 EUR as voucher; have a colleague who may give it complete the callback"))
		}
		return r.Method == http.MethodPost
	}
	for lang, w := range map[string]*words{"fr": &french, "en": &english} {
		e := world(map[string]string{"RAPPEL_SERVER": q.URL, "LANG": lang})
		_, _, err := run(t, e, callbacksCommand, append(wrapUp, "voucher:20.01")...)
		require.EqualError(t, err, w.Reasons["GOODWILL_LIMIT"]+" (the agent's role may give up to 20.00 EUR as voucher; have a colleague who may give it complete the callback)")
	}
}
