package projection

import (
	"encoding/json"
	"testing"

	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// BenchmarkProject is all the work of one event of a callback on one core but the server's:
// decode, project, encode.
func BenchmarkProject(b *testing.B) {
	p := projector()
	stored, err := proto.Marshal(sampleCallback(eventsv1.CallbackEvent_COMPLETED))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		e := &eventsv1.CallbackEvent{}
		if err := proto.Unmarshal(stored, e); err != nil {
			b.Fatal(err)
		}
		projected, err := p.Callback(origin(subject.Callbacks, "1"), e)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := json.Marshal(projected.Event); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
