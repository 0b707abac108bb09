package response

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// A score is not lost for what is wrong beside it.
func TestMend(t *testing.T) {
	t.Parallel()
	n, err := NewNormaliser("FR")
	require.NoError(t, err)
	many := map[string]string{}
	for i := range MaxAttributes + 3 {
		many[fmt.Sprintf("a%02d", i)] = "v"
	}
	for name, c := range map[string]struct {
		spoil   func(*eventsv1.Response)
		dropped string
		check   func(*testing.T, *eventsv1.Response)
	}{
		"email": {func(r *eventsv1.Response) { r.Customer.Email = "not-an-address" }, "customer.email", nil},
		"email in a name": {func(r *eventsv1.Response) { r.Customer.Email = "Nadia <N@Example.org>" }, "", func(t *testing.T, r *eventsv1.Response) {
			require.Equal(t, "n@example.org", r.GetCustomer().GetEmail())
		}},
		"phone, language":               {func(r *eventsv1.Response) { r.Customer.Phone, r.Customer.Language = "call me", "français" }, "customer.language customer.phone", func(t *testing.T, r *eventsv1.Response) { require.Equal(t, "C-1", r.GetCustomer().GetId()) }},
		"a control character in a name": {func(r *eventsv1.Response) { r.Customer.Name = "A\x01B" }, "customer.name", nil},
		"a comment that is too long": {func(r *eventsv1.Response) { r.Answers[1].Verbatim = strings.Repeat("é", MaxVerbatim+1) }, "answers[1].verbatim", func(t *testing.T, r *eventsv1.Response) {
			require.Len(t, []rune(r.GetAnswers()[1].GetVerbatim()), MaxVerbatim)
		}},
		"a comment that is no text": {func(r *eventsv1.Response) { r.Answers[1].Verbatim = "bad\xff\x00one" }, "answers[1].verbatim", func(t *testing.T, r *eventsv1.Response) {
			require.Equal(t, "bad\ufffd one", r.GetAnswers()[1].GetVerbatim())
		}},
		"too many attributes": {func(r *eventsv1.Response) { r.Attributes = many }, "attributes", func(t *testing.T, r *eventsv1.Response) { require.Len(t, r.GetAttributes(), MaxAttributes) }},
		"an attribute":        {func(r *eventsv1.Response) { r.Attributes = map[string]string{"a": "1", "b": strings.Repeat("x", 600)} }, "attributes", func(t *testing.T, r *eventsv1.Response) { require.Equal(t, "1", r.GetAttributes()["a"]) }},
		"slots":               {func(r *eventsv1.Response) { r.CallbackSlots = []*eventsv1.Slot{{From: timestamppb.New(now)}} }, "callbackSlots", nil},
		"time":                {func(r *eventsv1.Response) { r.SubmittedAt = &timestamppb.Timestamp{Seconds: 1} }, "submittedAt", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fresh := func() *eventsv1.Response {
				r := &eventsv1.Response{
					Id: "r", Survey: "s", Customer: &eventsv1.Customer{Id: "C-1"}, Answers: []*eventsv1.Answer{nps(1), says("slow")},
				}
				c.spoil(r)
				return r
			}
			_, found := n.Normalise(fresh(), now)
			if name != "email in a name" || len(found) > 0 {
				require.NotEmpty(t, found)
			}
			r := fresh()
			require.True(t, Mend(r, found))
			sub, found := n.Normalise(r, now)
			require.Empty(t, found)
			require.InDelta(t, 1, sub.Response.GetAnswers()[0].GetValue(), 0)
			require.Equal(t, c.dropped, sub.Response.GetAttributes()[AttributeDropped])
			if c.check != nil {
				c.check(t, sub.Response)
			}
		})
	}
}

// What is wrong with the answers, or with where they belong, is not mended.
func TestWhatCannotBeMended(t *testing.T) {
	t.Parallel()
	n, err := NewNormaliser("FR")
	require.NoError(t, err)
	for name, r := range map[string]*eventsv1.Response{
		"value":  {Survey: "s", Answers: []*eventsv1.Answer{nps(99)}},
		"survey": {Survey: "a b", Answers: []*eventsv1.Answer{nps(9)}},
		"none":   {Survey: "s"},
	} {
		_, found := n.Normalise(proto.CloneOf(r), now)
		require.False(t, Mend(r, found), name)
	}
}

// Whatever the details hold, one mending is enough.
func TestMendingIsEnough(t *testing.T) {
	t.Parallel()
	n, err := NewNormaliser("FR")
	require.NoError(t, err)
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "x@example.org", "\xff", strings.Repeat("y", 600), "0612345678", "fr", "Europe/Paris", "\x00"}))
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string { return text.Draw(t, name) }
		r := &eventsv1.Response{
			Id: "r", Survey: "s", Channel: draw("channel"), Touchpoint: draw("touchpoint"),
			Customer: &eventsv1.Customer{
				Id: draw("id"), Name: draw("name"), Email: draw("email"), Phone: draw("phone"), Language: draw("language"), TimeZone: draw("zone"),
			},
			Attributes: map[string]string{draw("attribute"): draw("value"), draw("another"): draw("other value")},
			Answers:    []*eventsv1.Answer{nps(1), says(draw("verbatim") + "!")},
		}
		_, found := n.Normalise(proto.CloneOf(r), now)
		if !Mend(r, found) {
			t.Fatalf("not mended: %v", found)
		}
		if _, found = n.Normalise(r, now); len(found) > 0 {
			t.Fatalf("still wrong: %v", found)
		}
	})
}
