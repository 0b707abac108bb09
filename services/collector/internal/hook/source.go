package hook

import (
	"context"
	"maps"
	"slices"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// source is one kind of product that calls.
type source struct {
	// verify refuses what the source did not send.
	verify func(ctx context.Context, e *Endpoint, c Call) error
	// stamp is the header in which a signed call says when it was made, where the scheme
	// has one.
	stamp string
	// split says what a verified call tells, in order.
	split func(e *Endpoint, c Call) ([]Push, error)
	// fetch returns the documents that a push is about, to be mapped; nil where the
	// push itself is the document.
	fetch func(ctx context.Context, e *Endpoint, push any) ([]any, error)
	// said is where a document says when its answers were given, in RFC 3339; the latest
	// counts. None where it does not.
	said mapping.Paths
	// timed says that a call is signed together with the time it was made; nil is never.
	timed func(c Config) bool
	// asks says that an endpoint uses fetch; nil says that each does, where there is one.
	asks func(c Config) bool
	// check names what is wrong with an endpoint for this source.
	check func(c Config, add func(field, problem string))
	// api is where its API is, unless it is said; empty where it has to be.
	api string
}

// sources are all, by the name that stands in the path of a hook.
var sources = map[string]source{
	"typeform":     typeform,
	"surveymonkey": surveyMonkey,
	"qualtrics":    qualtrics,
	"zendesk":      zendesk,
	"hubspot":      hubSpot,
	"googleforms":  googleForms,
	"formbricks":   formbricks,
	"generic":      generic,
}

// Sources are the names of all.
func Sources() []string { return slices.Sorted(maps.Keys(sources)) }
