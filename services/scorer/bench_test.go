package scorer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// verbatim150 is an invented verbatim of 150 bytes.
const verbatim150 = "Livré avec trois jours de retard, personne au téléphone, et le carton était ouvert. Le vendeur avait pourtant été aimable, mais jamais plus chez eux !"

// BenchmarkScore is all the work of one response on one core but the server's:
// decode, score, read the verbatim, encode.
func BenchmarkScore(b *testing.B) {
	server := rpc.New(rpc.Options{})
	defer server.Close()
	s, err := New(DefaultConfig(), Deps{Bus: testkit.Bus(b), RPC: server})
	require.NoError(b, err)
	d := delivery(b)
	b.ReportAllocs()
	for b.Loop() {
		r := &eventsv1.ResponseReceived{}
		if err := d.Decode(r); err != nil {
			b.Fatal(err)
		}
		e, err := s.score(r, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := proto.Marshal(e); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "responses/s")
}

func delivery(tb testing.TB) bus.Delivery {
	r := &eventsv1.ResponseReceived{
		EventId: strings.Repeat("e", 32), Revision: 1, CustomerKey: strings.Repeat("a", 26), Bucket: "0af",
		Response: &eventsv1.Response{
			Id: "r-1001", Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery",
			Customer: &eventsv1.Customer{
				Id: "C-1042", Name: "Invented Name", Phone: "+33199001010", Email: "invented@example.org", Language: "fr", TimeZone: "Europe/Paris",
			},
			Answers: []*eventsv1.Answer{
				{Metric: eventsv1.Metric_NPS, Value: proto.Float64(2)},
				{Metric: eventsv1.Metric_CSAT, Value: proto.Float64(3), Scale: &eventsv1.Scale{Min: 1, Max: 10}},
				{Verbatim: verbatim150},
			},
			Attributes: map[string]string{"segment": "pro", "region": "IDF"},
		},
	}
	data, err := proto.Marshal(r)
	require.NoError(tb, err)
	return bus.Delivery{Type: string(r.ProtoReflect().Descriptor().FullName()), Data: data}
}
