package transport

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// maxQueues bounds the queues one claim names.
const maxQueues = 100

// wrong collects what is wrong with a request, so that one answer names it all.
type wrong struct{ rpc.Wrong }

// command notes what the domain finds wrong with a command in itself.
func (w *wrong) command(cmd callback.Command) {
	var invalid *callback.ValidationError
	if errors.As(callback.Check(cmd), &invalid) {
		w.invalid(invalid)
	}
}

func (w *wrong) invalid(e *callback.ValidationError) {
	for _, f := range e.Fields {
		w.Field(camel(f.Field), f.Message)
	}
}

// agent notes what the roster finds wrong with an agent; its paths are the API's.
func (w *wrong) agent(e *roster.ValidationError) {
	for _, f := range e.Fields {
		w.Field(f.Field, f.Message)
	}
}

// by checks who decided, which may be left unsaid.
func (w *wrong) by(id string) {
	if id != "" && !roster.IsID(id) {
		w.Field("by", "must be at most 64 letters, digits, or . _ - @")
	}
}

// reschedule reads the command.
func (w *wrong) reschedule(r *callbackv1.RescheduleCallbackRequest) callback.Reschedule {
	return callback.Reschedule{By: r.GetBy(), CustomerAsked: r.GetCustomerAsked(), NotBefore: w.moment("notBefore", r.GetNotBefore())}
}

// moment reads a moment that may be absent.
func (w *wrong) moment(path string, at *timestamppb.Timestamp) time.Time {
	if at == nil {
		return time.Time{}
	}
	if at.CheckValid() != nil {
		w.Field(path, "is no valid moment")
	}
	return at.AsTime()
}

func (w *wrong) queue(path, name string) {
	if subject.CheckToken(name) != nil {
		w.Field(path, "must be 1 to 64 letters, digits, _ or -")
	}
}

func (w *wrong) queues(names []string) {
	if len(names) > maxQueues {
		w.Field("queues", "must be at most 100")
	}
	for _, n := range names {
		if subject.CheckToken(n) != nil {
			w.Field("queues", "each must be 1 to 64 letters, digits, _ or -")
			return
		}
	}
}

// maxAsked is how many languages, or skills, a claim may name.
const maxAsked = 20

// languages notes what is wrong with the languages that a claim asks for.
func (w *wrong) languages(tags []string) {
	if len(tags) > maxAsked || slices.ContainsFunc(tags, func(tag string) bool { return callback.BaseLanguage(tag) == "" }) {
		w.Field("languages", fmt.Sprintf("must be at most %d language tags, as fr or fr-CA", maxAsked))
	}
}

// skills notes what is wrong with the skills that a claim asks for.
func (w *wrong) skills(names []string) {
	bad := func(name string) bool { s, ok := callback.ParseSkill(name); return !ok || s.Name != name }
	if len(names) > maxAsked || slices.ContainsFunc(names, bad) {
		w.Field("skills", fmt.Sprintf("must be at most %d names of skills, as billing", maxAsked))
	}
}

func (w *wrong) pageToken(token string) {
	if _, err := order.ParseCursor(token); token != "" && err != nil {
		w.Field("pageToken", badPageToken)
	}
}

const badPageToken = "is no token of a former page"

// camel spells a field of the domain as the API does: call_again_at becomes
// callAgainAt.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words {
		if i > 0 && word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}
