package strictjson

import (
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

func BenchmarkStrict(b *testing.B) {
	b.SetBytes(int64(len(whole)))
	b.ReportAllocs()
	for b.Loop() {
		var m eventsv1.Response
		if found := Decode([]byte(whole), &m, Options{}); len(found) > 0 {
			b.Fatal(found)
		}
	}
}

func BenchmarkProtojson(b *testing.B) {
	b.SetBytes(int64(len(whole)))
	b.ReportAllocs()
	for b.Loop() {
		var m eventsv1.Response
		if err := protojson.Unmarshal([]byte(whole), &m); err != nil {
			b.Fatal(err)
		}
	}
}

// plain is what encoding/json would need: it checks neither names nor enums.
type plain struct {
	ID, Survey, Channel, Touchpoint, SubmittedAt string
	Customer                                     map[string]string
	Answers                                      []struct {
		Metric, Verbatim string
		Value            float64
		Scale            struct{ Min, Max float64 }
	}
	CallbackRequested bool
	Attributes        map[string]string
	Consent           struct{ Callback *bool }
}

func BenchmarkEncodingJSON(b *testing.B) {
	b.SetBytes(int64(len(whole)))
	b.ReportAllocs()
	for b.Loop() {
		var m plain
		if err := json.Unmarshal([]byte(whole), &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStrictRows(b *testing.B) {
	batch := []byte(`{"responses":[` + strings.TrimSuffix(strings.Repeat(whole+",", 100), ",") + `]}`)
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		got, bad := DecodeRows(batch, RowsOptions{Field: "responses", Max: 100, New: func() proto.Message { return &eventsv1.Response{} }})
		if len(bad) > 0 || len(got) != 100 {
			b.Fatal(bad)
		}
	}
}
