package calendar_test

import (
	"testing"
	"time"

	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// BenchmarkNextOpen is the question a claim asks of a callback.
func BenchmarkNextOpen(b *testing.B) {
	hours, _ := calls(b)
	team := hours
	team.Zone = zone(b, "Indian/Reunion")
	w := calendar.All(hours, team)
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := calendar.NextOpen(w, now); !ok {
			b.Fatal("never")
		}
	}
}

// BenchmarkAdd is a deadline of forty working hours.
func BenchmarkAdd(b *testing.B) {
	hours, _ := calls(b)
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := calendar.Add(hours, now, 40*time.Hour); !ok {
			b.Fatal("never")
		}
	}
}
