package response

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

func at(minutes int) *timestamppb.Timestamp {
	return timestamppb.New(now.Add(time.Duration(minutes) * time.Minute))
}

func asked(q string, v float64) *eventsv1.Answer {
	a := nps(v)
	a.Question = q
	return a
}

// The matrix: what a piece does to what is held, when it is newer, older, or
// does not say.
func TestMergeMatrix(t *testing.T) {
	t.Parallel()
	type R = eventsv1.Response
	held := func() *R {
		return &R{
			Id: "r", Survey: "s", Channel: "email", SubmittedAt: at(0),
			Customer: &eventsv1.Customer{Id: "C", Phone: "+33612345678"},
			Answers:  []*eventsv1.Answer{nps(2), says("slow")}, Attributes: map[string]string{"a": "1"},
			Consent: &eventsv1.Consent{Callback: proto.Bool(true)}, CallbackSlots: []*eventsv1.Slot{slot(60, 120)},
		}
	}
	for name, c := range map[string]struct {
		piece        *R
		newer, older func(*R) // what it does to held; nil is nothing
	}{
		"nothing":         {piece: &R{}},
		"the same answer": {piece: &R{Answers: []*eventsv1.Answer{nps(2)}}},
		"a correction": {
			piece: &R{Answers: []*eventsv1.Answer{nps(10)}},
			newer: func(r *R) { r.Answers[0] = nps(10) },
		},
		"the scale too": {
			piece: &R{Answers: []*eventsv1.Answer{metric(eventsv1.Metric_NPS, 2, 0, 100)}},
			newer: func(r *R) { r.Answers[0] = metric(eventsv1.Metric_NPS, 2, 0, 100) },
		},
		"another metric": {
			piece: &R{Answers: []*eventsv1.Answer{metric(eventsv1.Metric_CSAT, 2, 1, 5)}},
			newer: func(r *R) { r.Answers = append(r.Answers, metric(eventsv1.Metric_CSAT, 2, 1, 5)) },
			older: func(r *R) { r.Answers = append(r.Answers, metric(eventsv1.Metric_CSAT, 2, 1, 5)) },
		},
		"the comment again": {
			piece: &R{Answers: []*eventsv1.Answer{says("very slow")}},
			newer: func(r *R) { r.Answers[1] = says("very slow") },
		},
		"a second comment": {
			piece: &R{Answers: []*eventsv1.Answer{says("slow"), says("and rude")}},
			newer: func(r *R) { r.Answers = append(r.Answers, says("and rude")) },
			older: func(r *R) { r.Answers = append(r.Answers, says("and rude")) },
		},
		"a named question": {
			piece: &R{Answers: []*eventsv1.Answer{asked("q1", 3), {Question: "q1", Verbatim: "why"}}},
			newer: func(r *R) {
				r.Answers = append(r.Answers, asked("q1", 3), &eventsv1.Answer{Question: "q1", Verbatim: "why"})
			},
			older: func(r *R) {
				r.Answers = append(r.Answers, asked("q1", 3), &eventsv1.Answer{Question: "q1", Verbatim: "why"})
			},
		},
		"customer": {
			piece: &R{Customer: &eventsv1.Customer{Id: "D", Email: "d@example.org"}},
			newer: func(r *R) { r.Customer.Id, r.Customer.Email = "D", "d@example.org" },
			older: func(r *R) { r.Customer.Email = "d@example.org" },
		},
		"labels": {
			piece: &R{Channel: "sms", Touchpoint: "shop"},
			newer: func(r *R) { r.Channel, r.Touchpoint = "sms", "shop" },
			older: func(r *R) { r.Touchpoint = "shop" },
		},
		"attributes": {
			piece: &R{Attributes: map[string]string{"a": "2", "b": "3"}},
			newer: func(r *R) { r.Attributes["a"], r.Attributes["b"] = "2", "3" },
			older: func(r *R) { r.Attributes["b"] = "3" },
		},
		"consent withdrawn": {
			piece: &R{Consent: &eventsv1.Consent{Callback: proto.Bool(false)}},
			newer: func(r *R) { r.Consent.Callback = proto.Bool(false) },
		},
		"what it is for": {
			piece: &R{Consent: &eventsv1.Consent{Purpose: "research"}},
			newer: func(r *R) { r.Consent.Purpose = "research" },
			older: func(r *R) { r.Consent.Purpose = "research" },
		},
		"callback requested": {
			piece: &R{CallbackRequested: true},
			newer: func(r *R) { r.CallbackRequested = true },
			older: func(r *R) { r.CallbackRequested = true },
		},
		"an answer about a callback": {
			piece: &R{CallbackId: "k-1"}, newer: func(r *R) { r.CallbackId = "k-1" }, older: func(r *R) { r.CallbackId = "k-1" },
		},
		"the same slot": {piece: &R{CallbackSlots: []*eventsv1.Slot{slot(60, 120)}}},
		"other slots": {
			piece: &R{CallbackSlots: []*eventsv1.Slot{slot(180, 240), slot(300, 360)}},
			newer: func(r *R) { r.CallbackSlots = []*eventsv1.Slot{slot(180, 240), slot(300, 360)} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for when, v := range map[string]struct {
				at     *timestamppb.Timestamp
				effect func(*R)
			}{"newer": {at(5), c.newer}, "same time": {at(0), c.newer}, "undated": {nil, c.newer}, "older": {at(-5), c.older}} {
				piece := proto.Clone(c.piece).(*R)
				piece.Id, piece.Survey, piece.SubmittedAt = "r", "s", v.at
				want := held()
				if v.effect != nil {
					v.effect(want)
				}
				if when == "newer" {
					want.SubmittedAt = at(5)
				}
				h, p := held(), proto.Clone(piece)
				got, changed := Merge(h, piece)
				require.True(t, proto.Equal(want, got), "%s: got %v", when, got)
				require.Equal(t, !proto.Equal(want, held()), changed, when)
				require.True(t, proto.Equal(held(), h), "held is left alone")
				require.True(t, proto.Equal(p, piece), "the piece is left alone")
			}
		})
	}
}

func TestACallbackRequestedIsNotForgotten(t *testing.T) {
	t.Parallel()
	got, changed := Merge(&eventsv1.Response{CallbackRequested: true, SubmittedAt: at(0)}, &eventsv1.Response{SubmittedAt: at(0)})
	require.True(t, got.GetCallbackRequested())
	require.False(t, changed)
}

// Who refuses calls waits for none, whatever they asked for before.
func TestARequestIsTakenBack(t *testing.T) {
	t.Parallel()
	type R = eventsv1.Response
	refused := &eventsv1.Consent{Callback: proto.Bool(false)}
	asked := &R{CallbackRequested: true, SubmittedAt: at(0), Consent: &eventsv1.Consent{Callback: proto.Bool(true)}, CallbackSlots: []*eventsv1.Slot{slot(60, 120)}}
	got, changed := Merge(asked, &R{SubmittedAt: at(1), Consent: refused})
	require.True(t, changed)
	require.False(t, got.GetCallbackRequested())
	require.False(t, got.GetConsent().GetCallback())
	require.Empty(t, got.GetCallbackSlots())

	got, changed = Merge(asked, &R{SubmittedAt: at(-1), Consent: refused})
	require.False(t, changed, "what was refused before was asked for since: %v", got)

	got, _ = Merge(&R{SubmittedAt: at(0), Consent: refused}, &R{SubmittedAt: at(-1), CallbackRequested: true})
	require.False(t, got.GetCallbackRequested(), "and the other way round, in the other order")
	got, _ = Merge(&R{SubmittedAt: at(0), Consent: refused}, &R{SubmittedAt: at(1), CallbackRequested: true})
	require.True(t, got.GetCallbackRequested())
}

// A whole piece takes back what it does not say.
func TestAWholePieceTakesBack(t *testing.T) {
	t.Parallel()
	type R = eventsv1.Response
	held := &R{
		Id: "r", SubmittedAt: at(0), Channel: "email", CallbackRequested: true, CallbackSlots: []*eventsv1.Slot{slot(60, 120)},
		Customer: &eventsv1.Customer{Name: "Z"}, Answers: []*eventsv1.Answer{nps(2), {Question: "why", Verbatim: "w"}, says("one"), says("two")},
	}
	piece := &R{Id: "r", SubmittedAt: at(1), Whole: true, Answers: []*eventsv1.Answer{nps(3), says("uno")}}
	got, changed := Merge(held, piece)
	require.True(t, changed)
	require.True(t, proto.Equal(&R{
		Id: "r", SubmittedAt: at(1), Channel: "email", Customer: &eventsv1.Customer{Name: "Z"}, Answers: []*eventsv1.Answer{nps(3), says("uno")},
	}, got), "%v", got)
	require.Len(t, held.GetAnswers(), 4, "what was held is not touched")
	again, changed := Merge(got, piece)
	require.False(t, changed, "%v", again)

	piece.SubmittedAt = at(-1)
	got, changed = Merge(held, piece)
	require.False(t, changed, "one that is late takes nothing back: %v", got)
}

func TestSlotsFillAGapHoweverLate(t *testing.T) {
	t.Parallel()
	piece := &eventsv1.Response{SubmittedAt: at(-5), CallbackSlots: []*eventsv1.Slot{slot(60, 120)}}
	got, changed := Merge(&eventsv1.Response{SubmittedAt: at(0)}, piece)
	require.True(t, changed)
	require.True(t, proto.Equal(slot(60, 120), got.GetCallbackSlots()[0]))
	require.NotSame(t, piece.GetCallbackSlots()[0], got.GetCallbackSlots()[0])
}

func TestFirstDetailsOfACustomer(t *testing.T) {
	t.Parallel()
	got, changed := Merge(&eventsv1.Response{Id: "r"}, &eventsv1.Response{
		Id: "r", Customer: &eventsv1.Customer{Name: "Z"}, Attributes: map[string]string{"a": "1"}, Consent: &eventsv1.Consent{Callback: proto.Bool(true)},
	})
	require.True(t, changed)
	require.Equal(t, "Z", got.GetCustomer().GetName())
	require.Equal(t, "1", got.GetAttributes()["a"])
	require.True(t, got.GetConsent().GetCallback())
}

func anyText() *rapid.Generator[string] { return rapid.SampledFrom([]string{"", "", "a", "b", "c"}) }

func anyPiece() *rapid.Generator[*eventsv1.Response] {
	return rapid.Custom(func(t *rapid.T) *eventsv1.Response {
		r := &eventsv1.Response{
			Id: "r", Survey: "s", Channel: anyText().Draw(t, "channel"), Touchpoint: anyText().Draw(t, "touchpoint"),
			CallbackRequested: rapid.Bool().Draw(t, "requested"), Whole: rapid.Bool().Draw(t, "whole"),
		}
		if rapid.Bool().Draw(t, "has customer") {
			r.Customer = &eventsv1.Customer{Id: "C", Name: anyText().Draw(t, "name"), Phone: anyText().Draw(t, "phone")}
		}
		if rapid.Bool().Draw(t, "dated") {
			r.SubmittedAt = at(rapid.IntRange(-3, 3).Draw(t, "minute"))
		}
		if rapid.Bool().Draw(t, "has consent") {
			r.Consent = &eventsv1.Consent{Callback: proto.Bool(rapid.Bool().Draw(t, "consent"))}
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "slots") {
			r.CallbackSlots = append(r.CallbackSlots, slot(i, rapid.IntRange(5, 7).Draw(t, "slot's end")))
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "attributes") {
			if r.Attributes == nil {
				r.Attributes = map[string]string{}
			}
			r.Attributes[string(rune('a'+i))] = rapid.SampledFrom([]string{"1", "2"}).Draw(t, "value")
		}
		for _, kind := range rapid.SliceOfNDistinct(rapid.IntRange(0, 5), 1, 4, rapid.ID).Draw(t, "answers") {
			v := float64(rapid.IntRange(1, 5).Draw(t, "score"))
			r.Answers = append(r.Answers, [...]*eventsv1.Answer{
				nps(v), metric(eventsv1.Metric_CSAT, v, 1, 5), says(anyText().Draw(t, "text") + "!"), asked("q", v),
				{Question: "q", Verbatim: "because"},
				says("second"),
			}[kind])
		}
		return r
	})
}

func TestMergingIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		held, piece := anyPiece().Draw(t, "held"), anyPiece().Draw(t, "piece")
		held.SubmittedAt, held.Whole = at(0), false
		once, _ := Merge(held, piece)
		twice, changed := Merge(once, piece)
		if changed || !proto.Equal(once, twice) {
			t.Fatalf("once %v, twice %v", once, twice)
		}
		if same, changed := Merge(held, held); changed {
			t.Fatalf("merging itself gave %v", same)
		}
	})
}

func TestAnOlderPieceOverridesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		held, piece := anyPiece().Draw(t, "held"), anyPiece().Draw(t, "piece")
		held.Whole = false
		held.SubmittedAt, piece.SubmittedAt = at(0), at(-rapid.IntRange(1, 9).Draw(t, "age"))
		got, _ := Merge(held, piece)
		if !proto.Equal(got.GetSubmittedAt(), held.GetSubmittedAt()) {
			t.Fatal("it became older")
		}
		for i, a := range held.GetAnswers() {
			if !proto.Equal(a, got.GetAnswers()[i]) {
				t.Fatalf("answer %d was overridden", i)
			}
		}
		for k, v := range held.GetAttributes() {
			if got.GetAttributes()[k] != v {
				t.Fatalf("attribute %s was overridden", k)
			}
		}
		for _, f := range [][2]string{
			{held.GetChannel(), got.GetChannel()},
			{held.GetTouchpoint(), got.GetTouchpoint()},
			{held.GetCustomer().GetName(), got.GetCustomer().GetName()},
			{held.GetCustomer().GetPhone(), got.GetCustomer().GetPhone()},
		} {
			if f[0] != "" && f[0] != f[1] {
				t.Fatalf("%q became %q", f[0], f[1])
			}
		}
		for i, s := range held.GetCallbackSlots() {
			if !proto.Equal(s, got.GetCallbackSlots()[i]) || len(held.GetCallbackSlots()) != len(got.GetCallbackSlots()) {
				t.Fatalf("slot %d was overridden", i)
			}
		}
		if c := held.GetConsent(); c != nil && !proto.Equal(c, got.GetConsent()) {
			t.Fatal("consent was overridden")
		}
	})
}

// Pieces that say different things make the same whole in any order.
func TestOrderOfDisjointPiecesDoesNotMatter(t *testing.T) {
	t.Parallel()
	pieces := []*eventsv1.Response{
		{Id: "r", Answers: []*eventsv1.Answer{nps(2)}},
		{Id: "r", Answers: []*eventsv1.Answer{says("slow")}},
		{Id: "r", Answers: []*eventsv1.Answer{asked("q", 1)}, CallbackRequested: true},
		{Id: "r", Answers: []*eventsv1.Answer{metric(eventsv1.Metric_CES, 1, 1, 5)}, Customer: &eventsv1.Customer{Name: "Z"}, CallbackSlots: []*eventsv1.Slot{slot(60, 120)}},
		{Id: "r", Answers: []*eventsv1.Answer{{Question: "why", Verbatim: "w"}}, Customer: &eventsv1.Customer{Phone: "+33612345678"}, Attributes: map[string]string{"a": "1"}},
		{Id: "r", Answers: []*eventsv1.Answer{metric(eventsv1.Metric_FCR, 1, 0, 1)}, Attributes: map[string]string{"b": "1"}, Channel: "sms"},
	}
	sum := func(order, minutes []int) *eventsv1.Response {
		var whole *eventsv1.Response
		for _, i := range order {
			p := proto.Clone(pieces[i]).(*eventsv1.Response)
			p.SubmittedAt = at(minutes[i])
			if whole == nil {
				whole = p
				continue
			}
			whole, _ = Merge(whole, p)
		}
		slices.SortFunc(whole.GetAnswers(), func(a, b *eventsv1.Answer) int { return cmp.Compare(a.String(), b.String()) })
		return whole
	}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(t, "order")
		minutes := rapid.SliceOfN(rapid.IntRange(0, 9), 6, 6).Draw(t, "minutes")
		want, got := sum([]int{0, 1, 2, 3, 4, 5}, minutes), sum(order, minutes)
		if !proto.Equal(want, got) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestAWholeMayOutgrowItsPieces(t *testing.T) {
	t.Parallel()
	r := &eventsv1.Response{Attributes: map[string]string{}}
	for i := range 101 {
		r.Answers = append(r.Answers, says("x"))
		r.Attributes[string(rune('a'+i))] = "v"
	}
	require.Equal(t, []Violation{
		{"answers", "are 101 with those received before, at most 100 are kept"},
		{"attributes", "are 101 with those received before, at most 50 are kept"},
	}, CheckWhole(r))
	require.Empty(t, CheckWhole(full()))
	r = &eventsv1.Response{Answers: []*eventsv1.Answer{says(string(make([]byte, MaxBytes)))}}
	require.Len(t, CheckWhole(r), 1)
}
