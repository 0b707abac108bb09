package transport

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/proto"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// HTTP answers the collector's HTTP routes.
type HTTP struct {
	o       Options
	bodies  *bodies
	nowhere nowhere
}

// NewHTTP returns the routes' handlers.
func NewHTTP(o Options) *HTTP { return &HTTP{o: o, bodies: newBodies(o.MaxBodyBytes)} }

// Register adds the routes to mux.
func (h *HTTP) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /v1/responses", h.admitted(h.one))
	mux.HandleFunc("POST /v1/responses:batch", h.admitted(h.batch))
	for _, end := range []string{"", "/{$}"} {
		mux.HandleFunc("POST "+hooksPath+"/{source}/{endpoint}"+end, h.call)
		mux.HandleFunc("GET "+hooksPath+"/{source}/{endpoint}"+end, h.isThere) // HEAD as well
		mux.HandleFunc(hooksPath+end, h.isNowhere)
	}
	mux.HandleFunc(hooksPath+"/", h.isNowhere)
}

func (h *HTTP) one(w http.ResponseWriter, r *http.Request) {
	res, err := h.submit(w, r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	write(w, http.StatusAccepted, appendResult(nil, res))
}

func (h *HTTP) submit(w http.ResponseWriter, r *http.Request) (ingest.Result, error) {
	message, err := h.read(w, r)
	if err != nil {
		h.o.Ingest.Count(ingest.VerdictOf(ingest.Result{}, err))
		return ingest.Result{}, err
	}
	return h.o.Ingest.Submit(r.Context(), message)
}

func (h *HTTP) read(w http.ResponseWriter, r *http.Request) (*eventsv1.Response, error) {
	key, err := callKey(r.Context(), r.Header.Values(idempotencyHeader))
	if err != nil {
		return nil, err
	}
	data, release, err := h.bodies.read(w, r, rpc.MaxMessageBytes)
	if err != nil {
		return nil, err
	}
	defer release() // the message holds copies
	message, found := decodeOne(h.o.Ingest, data)
	if len(found) == 0 && key.IsSet() {
		found = h.o.Ingest.Check(proto.CloneOf(message)) // what is refused may be mended and sent with its key
	}
	if len(found) > 0 {
		return nil, &ingest.InvalidError{Violations: found}
	}
	return message, h.o.note(r.Context(), key, r.URL.Path, data, message)
}

func (h *HTTP) batch(w http.ResponseWriter, r *http.Request) {
	rows, err := h.readRows(w, r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	outcomes, err := h.o.Ingest.SubmitBatch(r.Context(), rows)
	if err != nil {
		h.refuse(w, err)
		return
	}
	write(w, http.StatusOK, h.appendResults(nil, outcomes))
}

func (h *HTTP) readRows(w http.ResponseWriter, r *http.Request) ([]ingest.Row, error) {
	key, err := callKey(r.Context(), r.Header.Values(idempotencyHeader))
	if err != nil {
		return nil, err
	}
	data, release, err := h.bodies.read(w, r, rpc.MaxMessageBytes)
	if err != nil {
		return nil, err
	}
	defer release()
	rows, found := decodeRows(h.o.Ingest, data)
	if len(found) > 0 {
		return nil, &ingest.InvalidError{Violations: found}
	}
	if err := callerOf(r.Context()).Charge(r.Context(), len(rows)); err != nil {
		return nil, err
	}
	return rows, h.o.note(r.Context(), key, r.URL.Path, data, responsesOf(rows)...)
}

func responsesOf(rows []ingest.Row) []*eventsv1.Response {
	all := make([]*eventsv1.Response, len(rows))
	for i, row := range rows {
		all[i] = row.Response
	}
	return all
}

func (h *HTTP) refuse(w http.ResponseWriter, err error) {
	if rpc.Reason(err) == "" { // else it is an answer already, as BODY_TOO_LARGE
		err = h.o.status(err)
	}
	rpc.WriteError(w, err)
}

func write(w http.ResponseWriter, code int, body []byte) {
	w.Header()["Content-Type"] = contentType
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n')) // the source may be gone; it will ask again
}

var contentType = []string{"application/json"}

// appendResult writes a result with all its keys, zeros too.
func appendResult(b []byte, r ingest.Result) []byte {
	b = appendString(append(b, `{"id":`...), r.ID)
	b = strconv.AppendUint(append(b, `,"revision":`...), uint64(r.Revision), 10)
	return append(strconv.AppendBool(append(b, `,"duplicate":`...), r.Duplicate), '}')
}

func (h *HTTP) appendResults(b []byte, outcomes []ingest.Outcome) []byte {
	b = append(b, `{"results":[`...)
	for i, out := range outcomes {
		if i > 0 {
			b = append(b, ',')
		}
		if out.Err == nil {
			b = appendResult(b, out.Result)
			continue
		}
		b = appendError(b, h.o.rowError(out.Err))
	}
	return append(b, `]}`...)
}

func appendError(b []byte, e *collectorv1.RowError) []byte {
	b = appendString(append(b, `{"error":{"code":`...), e.GetCode())
	b = appendString(append(b, `,"message":`...), e.GetMessage())
	b = append(b, `,"fields":[`...)
	for i, f := range e.GetFields() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"field":`...), f.GetField())
		b = append(appendString(append(b, `,"description":`...), f.GetDescription()), '}')
	}
	return append(b, `]}}`...)
}

func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // what is no UTF-8 was refused
	return b
}
