package deadletter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Path is where the letters are; RedrivePath takes orders.
const (
	Path        = "/v1/deadLetters"
	RedrivePath = Path + ":redrive"
)

// Bounds of one order.
const (
	maxNumbers = 1000
	maxBody    = 64 << 10
	retryAfter = 2 * time.Second
)

// Listed is the answer to a GET of Path.
type Listed struct {
	DeadLetters []Letter `json:"deadLetters"`
}

// Order is the body of a POST to RedrivePath: 1 to 1,000 letters' numbers.
type Order struct {
	Numbers []uint64 `json:"numbers"`
}

// Register serves both on a mux. Nothing it answers holds a message's content.
func Register(mux *http.ServeMux, b *bus.Bus) {
	source := OnBus(b)
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		f := Filter{Consumer: q.Get("consumer"), Reason: q.Get("reason"), Handled: q.Get("handled") == "true"}
		letters, err := source.List(r.Context(), f)
		answer(w, Listed{letters}, err)
	})
	mux.HandleFunc("POST "+RedrivePath, func(w http.ResponseWriter, r *http.Request) {
		var o Order
		err := decode(r.Body, &o)
		if err == nil {
			err = source.Redrive(r.Context(), o.Numbers)
		}
		answer(w, o, err)
	})
}

func decode(body io.Reader, o *Order) error {
	data, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err != nil {
		return rpc.Invalid(rpc.Field{Path: "body", Problem: "cannot be read"})
	}
	if len(data) > maxBody {
		return rpc.TooLarge()
	}
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	if err := strict.Decode(o); err != nil || strict.More() {
		return rpc.Invalid(rpc.Field{Path: "body", Problem: `must be JSON, as {"numbers":[12,13]}`})
	}
	if n := len(o.Numbers); n < 1 || n > maxNumbers {
		return rpc.Invalid(rpc.Field{Path: "numbers", Problem: fmt.Sprintf("has %d numbers, must have 1 to %d", n, maxNumbers)})
	}
	return nil
}

func answer(w http.ResponseWriter, body any, err error) {
	switch {
	case errors.Is(err, bus.ErrUnavailable), errors.Is(err, bus.ErrFull):
		rpc.WriteError(w, rpc.TryLater(codes.Unavailable, "STORE_UNAVAILABLE", "the event store does not answer", retryAfter))
	case err != nil:
		rpc.WriteError(w, err)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body) // the client has gone, or it has it
	}
}
