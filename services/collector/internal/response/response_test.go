package response

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

var now = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func normaliser(t testing.TB) *Normaliser {
	t.Helper()
	n, err := NewNormaliser("FR")
	require.NoError(t, err)
	return n
}

func nps(v float64) *eventsv1.Answer {
	return &eventsv1.Answer{Metric: eventsv1.Metric_NPS, Value: &v}
}

func metric(m eventsv1.Metric, v, low, high float64) *eventsv1.Answer {
	return &eventsv1.Answer{Metric: m, Value: &v, Scale: &eventsv1.Scale{Min: low, Max: high}}
}

// slot is a span in minutes from now.
func slot(from, to int) *eventsv1.Slot { return &eventsv1.Slot{From: at(from), To: at(to)} }

func says(text string) *eventsv1.Answer { return &eventsv1.Answer{Verbatim: text} }

func full() *eventsv1.Response {
	return &eventsv1.Response{
		Id: " r-1001 ", Survey: "apres-livraison", Channel: " email", Touchpoint: "delivery",
		Customer: &eventsv1.Customer{
			Id: "C-1042 ", Name: "  Zoé Quenouille ", Phone: "06 39 98 20 11", Email: "Zoé.Quenouille@Example.ORG",
			Language: "fr_fr", TimeZone: " Europe/Paris",
		},
		Answers: []*eventsv1.Answer{
			nps(2), metric(eventsv1.Metric_CSAT, 3, 1, 10), says("  Livré en retard,\r\net personne\rau téléphone.\t\n"),
		},
		CallbackRequested: true,
		Attributes:        map[string]string{" segment": " pro ", "region": "", "shop": "Lyon 3"},
		Consent:           &eventsv1.Consent{},
		SubmittedAt:       timestamppb.New(now.Add(-time.Hour)),
		CallbackSlots:     []*eventsv1.Slot{slot(300, 420), slot(60, 180), slot(300, 420), slot(60, 120)},
	}
}

func TestAResponseIsBroughtIntoItsOneForm(t *testing.T) {
	t.Parallel()
	s, found := normaliser(t).Normalise(full(), now)
	require.Empty(t, found)
	want := &eventsv1.Response{
		Id: "r-1001", Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery",
		Customer: &eventsv1.Customer{
			Id: "C-1042", Name: "Zoé Quenouille", Phone: "+33639982011", Email: "zoé.quenouille@example.org",
			Language: "fr-FR", TimeZone: "Europe/Paris",
		},
		Answers: []*eventsv1.Answer{
			nps(2), metric(eventsv1.Metric_CSAT, 3, 1, 10), says("Livré en retard,\net personne\nau téléphone."),
		},
		CallbackRequested: true,
		Attributes:        map[string]string{"segment": "pro", "shop": "Lyon 3"},
		SubmittedAt:       timestamppb.New(now.Add(-time.Hour)),
		CallbackSlots:     []*eventsv1.Slot{slot(60, 120), slot(60, 180), slot(300, 420)},
	}
	require.True(t, proto.Equal(want, s.Response), "got %v", s.Response)
	again, found := normaliser(t).Normalise(proto.Clone(want).(*eventsv1.Response), now)
	require.Empty(t, found)
	require.True(t, proto.Equal(want, again.Response), "normalising is idempotent")
	require.Equal(t, s.Digest, again.Digest)
}

func TestTheLeastResponse(t *testing.T) {
	t.Parallel()
	r := &eventsv1.Response{Survey: "s", Answers: []*eventsv1.Answer{nps(0)}, Customer: &eventsv1.Customer{Name: " "}, Attributes: map[string]string{"a": " "}}
	s, found := normaliser(t).Normalise(r, now)
	require.Empty(t, found)
	require.True(t, proto.Equal(&eventsv1.Response{Survey: "s", Answers: []*eventsv1.Answer{nps(0)}}, s.Response))
}

func TestEveryWrongFieldIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	minus := -1.0
	r := &eventsv1.Response{
		Id: strings.Repeat("x", 129), Survey: "après livraison", Channel: "e\x00mail", Touchpoint: strings.Repeat("é", 65),
		Customer: &eventsv1.Customer{
			Id: "a\u200bb", Name: strings.Repeat("n", 201), Phone: "12", Email: "jean at example.org", Language: "french", TimeZone: "Mars/Olympus",
		},
		Answers: []*eventsv1.Answer{
			nps(11),
			{},
			{Metric: eventsv1.Metric_CSAT},
			{Value: &minus},
			{Metric: 9, Value: &minus},
			{Metric: eventsv1.Metric_NPS, Value: &minus, Verbatim: "both"},
			metric(eventsv1.Metric_CES, 3, 7, 1),
			nps(math.NaN()), metric(eventsv1.Metric_FCR, 0.5, 0, 1), nps(7.5),
			{Scale: &eventsv1.Scale{Min: 1, Max: 2}},
			metric(eventsv1.Metric_CES, 3, math.Inf(-1), 2e6), says(strings.Repeat("v", 20_001)), says("a\x07b"),
			{Metric: eventsv1.Metric_CSAT, Value: &minus, Scale: &eventsv1.Scale{Min: 1, Max: 5, Direction: 9}},
			nil,
			metric(eventsv1.Metric_CSAT, 6, 1, 5),
		},
		Attributes:  map[string]string{"": "v", "k": strings.Repeat("v", 513), "a ": "1", "a": "2", "+33612345678": "\x01", strings.Repeat("k", 65): "v"},
		SubmittedAt: timestamppb.New(now.Add(25 * time.Hour)),
		CallbackId:  "nonsense",
		CallbackSlots: []*eventsv1.Slot{
			slot(60, 120), slot(120, 60), slot(60, 60),
			{},
			{From: at(60)},
			{To: at(60)},
			nil,
			{From: &timestamppb.Timestamp{Nanos: -1}, To: &timestamppb.Timestamp{Seconds: math.MaxInt64}},
			slot(60, 60+31*24*60+1),
		},
	}
	_, found := normaliser(t).Normalise(r, now)
	require.Equal(t, []Violation{
		{"id", "is longer than 128 characters"},
		{"survey", "must be 1 to 64 letters, digits, _ or -"},
		{"channel", "contains a NUL character"},
		{"touchpoint", "is longer than 64 characters"},
		{"customer.id", "contains a character that cannot be seen"},
		{"customer.name", "is longer than 200 characters"},
		{"customer.email", "is no e-mail address"},
		{"customer.language", "is no BCP 47 language tag, as fr or fr-BE"},
		{"customer.timeZone", "is no IANA time zone, as Europe/Paris"},
		{"customer.phone", "is no phone number; write it as +33612345678, or as it is dialled in the customer's country"},
		{"answers[0].value", "11 is outside the scale 0 to 10"},
		{"answers[1]", "needs a metric with its value, or a verbatim"},
		{"answers[2].value", "is required beside a metric"},
		{"answers[3].metric", "is required beside a value"},
		{"answers[4].metric", "must be one of NPS, CSAT, CES, FCR"},
		{"answers[5]", "has a metric and a verbatim; make two answers of it"},
		{"answers[6].scale", "min must be less than max"},
		{"answers[7].value", "must be a finite number"},
		{"answers[8].value", "0.5 must be 1 (settled at the first contact) or 0 (not)"},
		{"answers[9].value", "7.5 must be a whole number"},
		{"answers[10].scale", "belongs to a metric with its value"},
		{"answers[11].scale.min", "must be a number from -1000000 to 1000000"},
		{"answers[11].scale.max", "must be a number from -1000000 to 1000000"},
		{"answers[12].verbatim", "is longer than 20000 characters"},
		{"answers[13].verbatim", "contains a control character"},
		{"answers[14].scale.direction", "must be one of HIGHER_IS_BETTER, LOWER_IS_BETTER"},
		{"answers[15]", "needs a metric with its value, or a verbatim"},
		{"answers[16].value", "6 is outside the scale 1 to 5"},
		{"attributes.?", "contains a control character"},
		{"attributes.?", "has no name"},
		{"attributes.?", "its name is longer than 64 characters"},
		{"attributes.a", "is given more than once, but for the spaces around its name"},
		{"attributes.k", "is longer than 512 characters"},
		{"submittedAt", "is more than 24 hours in the future"},
		{"callbackSlots[1].to", "must be after from"},
		{"callbackSlots[2].to", "must be after from"},
		{"callbackSlots[3].from", "is required"},
		{"callbackSlots[3].to", "is required"},
		{"callbackSlots[4].to", "is required"},
		{"callbackSlots[5].from", "is required"},
		{"callbackSlots[6].from", "is required"},
		{"callbackSlots[6].to", "is required"},
		{"callbackSlots[7].from", "is no point in time"},
		{"callbackSlots[7].to", "is no point in time"},
		{"callbackSlots[8].to", "is more than 31 days after from"},
		{"callbackId", "is no callback's id"},
	}, found)
}

func TestBounds(t *testing.T) {
	t.Parallel()
	many := func(n int) (out []*eventsv1.Answer) {
		for range n {
			out = append(out, says("x"))
		}
		return out
	}
	attributes := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m["k"+string(rune('a'+i%26))+string(rune('a'+i/26))] = "v"
		}
		return m
	}
	slots := func(n int) (out []*eventsv1.Slot) {
		for i := range n {
			out = append(out, slot(i, n))
		}
		return out
	}
	for name, c := range map[string]struct {
		change func(*eventsv1.Response)
		want   []Violation
	}{
		"no survey":        {func(r *eventsv1.Response) { r.Survey = " " }, []Violation{{"survey", "is required"}}},
		"no answer":        {func(r *eventsv1.Response) { r.Answers = nil }, []Violation{{"answers", "is required: at least one answer"}}},
		"100 answers":      {func(r *eventsv1.Response) { r.Answers = many(100) }, nil},
		"101 answers":      {func(r *eventsv1.Response) { r.Answers = many(101) }, []Violation{{"answers", "are 101, at most 100 are taken"}}},
		"50 attributes":    {func(r *eventsv1.Response) { r.Attributes = attributes(50) }, nil},
		"51 attributes":    {func(r *eventsv1.Response) { r.Attributes = attributes(51) }, []Violation{{"attributes", "are 51, at most 50 are taken"}}},
		"10 slots":         {func(r *eventsv1.Response) { r.CallbackSlots = slots(10) }, nil},
		"11 slots":         {func(r *eventsv1.Response) { r.CallbackSlots = slots(11) }, []Violation{{"callbackSlots", "are 11, at most 10 are taken"}}},
		"longest slot":     {func(r *eventsv1.Response) { r.CallbackSlots = []*eventsv1.Slot{slot(0, 31*24*60)} }, nil},
		"slot in the past": {func(r *eventsv1.Response) { r.CallbackSlots = []*eventsv1.Slot{slot(-525_600, -525_599)} }, nil},
		"slot over centuries": {func(r *eventsv1.Response) {
			r.CallbackSlots = []*eventsv1.Slot{{From: timestamppb.New(time.Time{}), To: timestamppb.New(now.AddDate(7000, 0, 0))}}
		}, []Violation{{"callbackSlots[0].to", "is more than 31 days after from"}}},
		"longest verbatim": {func(r *eventsv1.Response) { r.Answers = []*eventsv1.Answer{says(strings.Repeat("é", 20_000))} }, nil},
		"10 MB verbatim": {func(r *eventsv1.Response) {
			r.Answers = []*eventsv1.Answer{says("a" + strings.Repeat("\r", 10<<20) + "b")}
		}, []Violation{{"answers[0].verbatim", "is longer than 20000 characters"}}},
		"invalid UTF-8":    {func(r *eventsv1.Response) { r.Channel = "a\xffé" }, []Violation{{"channel", "is not valid UTF-8"}}},
		"C1 control":       {func(r *eventsv1.Response) { r.Channel = "a\u0085b" }, []Violation{{"channel", "contains a control character"}}},
		"new line in name": {func(r *eventsv1.Response) { r.Customer.Name = "a\nb" }, []Violation{{"customer.name", "contains a control character"}}},
		"replacement rune": {func(r *eventsv1.Response) { r.Channel = "a\ufffdb" }, nil},
		"year 1999":        {func(r *eventsv1.Response) { r.SubmittedAt = timestamppb.New(earliest.Add(-1)) }, []Violation{{"submittedAt", "is before the year 2000"}}},
		"year 2000":        {func(r *eventsv1.Response) { r.SubmittedAt = timestamppb.New(earliest) }, nil},
		"tomorrow":         {func(r *eventsv1.Response) { r.SubmittedAt = timestamppb.New(now.Add(24 * time.Hour)) }, nil},
		"impossible time":  {func(r *eventsv1.Response) { r.SubmittedAt = &timestamppb.Timestamp{Nanos: -1} }, []Violation{{"submittedAt", "is no point in time"}}},
		"both ends": {func(r *eventsv1.Response) {
			r.Answers = []*eventsv1.Answer{nps(0), metric(eventsv1.Metric_CES, 1e6, -1e6, 1e6)}
		}, nil},
		"half a star":     {func(r *eventsv1.Response) { r.Answers = []*eventsv1.Answer{metric(eventsv1.Metric_CSAT, 7.5, 1, 10)} }, nil},
		"half of another": {func(r *eventsv1.Response) { r.Answers = []*eventsv1.Answer{metric(eventsv1.Metric_NPS, 7.5, 0, 100)} }, nil},
		"CSAT below default": {func(r *eventsv1.Response) {
			v := 0.0
			r.Answers = []*eventsv1.Answer{{Metric: eventsv1.Metric_CSAT, Value: &v}}
		}, []Violation{{"answers[0].value", "0 is outside the scale 1 to 5"}}},
		"CES above default": {func(r *eventsv1.Response) {
			v := 8.0
			r.Answers = []*eventsv1.Answer{{Metric: eventsv1.Metric_CES, Value: &v}}
		}, []Violation{{"answers[0].value", "8 is outside the scale 1 to 7"}}},
		"FCR 2": {func(r *eventsv1.Response) {
			v := 2.0
			r.Answers = []*eventsv1.Answer{{Metric: eventsv1.Metric_FCR, Value: &v}}
		}, []Violation{{"answers[0].value", "2 is outside the scale 0 to 1"}}},
		"one question twice": {func(r *eventsv1.Response) { r.Answers = []*eventsv1.Answer{nps(2), says("x"), nps(3)} }, []Violation{{"answers[2]", "answers the same question as answers[0]; give each a question of its own"}}},
		"the same twice":     {func(r *eventsv1.Response) { r.Answers = []*eventsv1.Answer{nps(2), nps(2)} }, nil},
		"too much in all": {func(r *eventsv1.Response) {
			r.Answers = nil
			for range 14 {
				r.Answers = append(r.Answers, says(strings.Repeat("v", 20_000)))
			}
		}, []Violation{{"response", "is 280341 bytes when encoded, at most 262144 are taken"}}},
		"no such zone":     {func(r *eventsv1.Response) { r.Customer.TimeZone = "Local" }, []Violation{{"customer.timeZone", "is no IANA time zone, as Europe/Paris"}}},
		"a way out":        {func(r *eventsv1.Response) { r.Customer.TimeZone = "../../etc/passwd" }, []Violation{{"customer.timeZone", "is no IANA time zone, as Europe/Paris"}}},
		"UTC":              {func(r *eventsv1.Response) { r.Customer.TimeZone = "UTC" }, nil},
		"an e-mail's name": {func(r *eventsv1.Response) { r.Customer.Email = "Jean <jean@example.org>" }, []Violation{{"customer.email", "is no e-mail address"}}},
		"brackets":         {func(r *eventsv1.Response) { r.Customer.Email = "<jean@example.org>" }, []Violation{{"customer.email", "is no e-mail address"}}},
		"two e-mails":      {func(r *eventsv1.Response) { r.Customer.Email = "a@example.org,b@example.org" }, []Violation{{"customer.email", "is no e-mail address"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := full()
			c.change(r)
			_, found := normaliser(t).Normalise(r, now)
			require.Equal(t, c.want, found)
		})
	}
	_, found := normaliser(t).Normalise(nil, now)
	require.Equal(t, []Violation{{"response", "is required"}}, found)
}

func TestTheSameAnswerGivenTwiceIsKeptOnce(t *testing.T) {
	t.Parallel()
	r := full()
	r.Answers = []*eventsv1.Answer{nps(2), nps(2), {Question: "q", Verbatim: "a"}, {Question: "q", Metric: eventsv1.Metric_NPS, Value: proto.Float64(2)}}
	s, found := normaliser(t).Normalise(r, now)
	require.Empty(t, found)
	require.Len(t, s.Response.GetAnswers(), 3, "a question may have a score and a comment")
}

func TestDigestsTellSubmissionsApart(t *testing.T) {
	t.Parallel()
	digest := func(change func(*eventsv1.Response)) Digest {
		r := full()
		change(r)
		s, found := normaliser(t).Normalise(r, now)
		require.Empty(t, found)
		return s.Digest
	}
	base := digest(func(*eventsv1.Response) {})
	require.Equal(t, base, digest(func(r *eventsv1.Response) { r.Customer.Email = strings.ToUpper(r.GetCustomer().GetEmail()) }))
	require.Equal(t, base, digest(func(r *eventsv1.Response) { r.Customer.Phone = "+33 6 39 98 20 11" }))
	require.Equal(t, base, digest(func(r *eventsv1.Response) { slices.Reverse(r.GetCallbackSlots()) }), "slots have no order")
	seen := map[Digest]bool{base: true}
	for _, change := range []func(*eventsv1.Response){
		func(r *eventsv1.Response) { r.Answers[0] = nps(3) },
		func(r *eventsv1.Response) { r.CallbackRequested = false },
		func(r *eventsv1.Response) { r.Consent.Callback = proto.Bool(false) },
		func(r *eventsv1.Response) { r.SubmittedAt = nil },
		func(r *eventsv1.Response) { r.CallbackSlots = nil },
		func(r *eventsv1.Response) { r.CallbackSlots[0] = slot(300, 421) },
		func(r *eventsv1.Response) { r.Attributes["region"] = "IDF" },
		func(r *eventsv1.Response) { r.Id = "r-1002" },
	} {
		d := digest(change)
		require.False(t, seen[d])
		seen[d] = true
	}
	parsed, ok := ParseDigest(base.String())
	require.True(t, ok)
	require.Equal(t, base, parsed)
	for _, s := range []string{"", "zz", base.String() + "0", strings.Repeat("z", 16)} {
		_, ok = ParseDigest(s)
		require.False(t, ok)
	}
}

// BenchmarkNormalise includes making the message, which BenchmarkClone shows.
func BenchmarkNormalise(b *testing.B) {
	n := normaliser(b)
	b.ReportAllocs()
	template := full()
	for b.Loop() {
		if _, found := n.Normalise(proto.Clone(template).(*eventsv1.Response), now); len(found) > 0 {
			b.Fatal(found)
		}
	}
}

func BenchmarkClone(b *testing.B) {
	template := full()
	for b.Loop() {
		if proto.Clone(template) == nil {
			b.Fatal()
		}
	}
}
