package deadletter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// Source is where letters are read and orders are given.
type Source interface {
	// List returns the letters that a filter chooses, oldest first.
	List(ctx context.Context, f Filter) ([]Letter, error)
	// Redrive orders that letters' messages are tried again, all or none: an error
	// names every number that is no letter's. It returns once the orders are
	// stored. The same order again does no harm.
	Redrive(ctx context.Context, numbers []uint64) error
}

// OnBus reads and orders at the event store.
func OnBus(b *bus.Bus) Source { return onBus{b} }

type onBus struct{ bus *bus.Bus }

func (s onBus) List(ctx context.Context, f Filter) ([]Letter, error) { return List(ctx, s.bus, f) }

func (s onBus) Redrive(ctx context.Context, numbers []uint64) error {
	var wrong []rpc.Field
	for i, n := range numbers {
		switch _, err := s.bus.Letter(ctx, n); {
		case errors.Is(err, bus.ErrNoLetter):
			wrong = append(wrong, rpc.Field{Path: fmt.Sprintf("numbers[%d]", i), Problem: fmt.Sprintf("there is no dead letter %d", n)})
		case err != nil:
			return err
		}
	}
	if len(wrong) > 0 {
		return rpc.Invalid(wrong...)
	}
	for _, n := range numbers {
		if err := s.bus.Redrive(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// OverHTTP asks the all-in-one.
func OverHTTP(api *httpapi.Client) Source { return overHTTP{api} }

type overHTTP struct{ api *httpapi.Client }

func (s overHTTP) List(ctx context.Context, f Filter) ([]Letter, error) {
	q := url.Values{"consumer": {f.Consumer}, "reason": {f.Reason}, "handled": {fmt.Sprint(f.Handled)}}
	body, err := s.api.Do(ctx, http.MethodGet, Path, q, nil)
	if err != nil {
		return nil, err
	}
	var l Listed
	if err := json.Unmarshal(body, &l); err != nil {
		return nil, fmt.Errorf("the answer of %s cannot be read: is it a Rappel server? %w", s.api.Server(), err)
	}
	return l.DeadLetters, nil
}

func (s overHTTP) Redrive(ctx context.Context, numbers []uint64) error {
	for some := range slices.Chunk(numbers, maxNumbers) {
		body, err := json.Marshal(Order{some})
		if err != nil {
			return err
		}
		if _, err := s.api.Do(ctx, http.MethodPost, RedrivePath, nil, body); err != nil {
			return err
		}
	}
	return nil
}
