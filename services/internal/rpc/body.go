package rpc

import (
	"errors"
	"io"
	"net/http"
	"reflect"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/services/internal/strictjson"
)

// drainBytes is how much of a body that is too large is read and thrown away.
// A client that is still sending when the connection closes sees the connection
// break, and not what was wrong.
const drainBytes = 4 * MaxMessageBytes

// body is a request's body, bounded, that remembers what was wrong with it: the
// generated routes keep only the text of an error.
type body struct {
	io.ReadCloser
	raw     io.Reader
	problem error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var large *http.MaxBytesError
	if errors.As(err, &large) && b.problem == nil {
		b.problem = TooLarge()
		drain(b.raw)
	}
	return n, err
}

func drain(r io.Reader) { _, _ = io.CopyN(io.Discard, r, drainBytes) }

// problemOf is what was wrong with a request's body, or nil.
func problemOf(r *http.Request) error {
	if b, ok := r.Body.(*body); ok {
		return b.problem
	}
	return nil
}

// limit bounds every body but those of uploads.
func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.uploads[r.URL.Path] {
			next.ServeHTTP(w, r)
			return
		}
		if r.ContentLength > MaxMessageBytes {
			if r.Header.Get("Expect") == "" { // else nothing was sent yet
				drain(r.Body)
			}
			WriteError(w, TooLarge())
			return
		}
		r.Body = &body{ReadCloser: http.MaxBytesReader(w, r.Body, MaxMessageBytes), raw: r.Body}
		next.ServeHTTP(w, r)
	})
}

// strict is the gateway's JSON: written as protojson does, read so that every
// problem is named in one answer.
type strict struct{ runtime.JSONPb }

func newStrict() *strict {
	return &strict{runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{}}}
}

var errBody = errors.New("the body is wrong")

// NewDecoder reads the whole body as one message. An empty one is io.EOF, which
// the gateway takes for a message without fields.
func (s *strict) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		m := messageOf(v)
		if m == nil {
			return s.JSONPb.NewDecoder(r).Decode(v)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if len(data) == 0 {
			return io.EOF
		}
		violations := strictjson.Decode(data, m, strictjson.Options{})
		if len(violations) == 0 {
			return nil
		}
		if b, ok := r.(*body); ok {
			b.problem = Invalid(fieldsOf(violations)...)
		}
		return errBody
	})
}

// messageOf is the message that v is or points to: where the body is one field of
// the request, the routes hand over a pointer to it, which is nil yet. It is nil
// for anything else.
func messageOf(v any) proto.Message {
	if m, ok := v.(proto.Message); ok {
		return m
	}
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || !p.Type().Elem().Implements(reflect.TypeFor[proto.Message]()) {
		return nil
	}
	if p.Elem().IsNil() {
		p.Elem().Set(reflect.New(p.Type().Elem().Elem()))
	}
	m, _ := p.Elem().Interface().(proto.Message)
	return m
}

func fieldsOf(violations []strictjson.Violation) []Field {
	fields := make([]Field, len(violations))
	for i, v := range violations {
		fields[i] = Field(v)
		if v.Path == "" {
			fields[i].Path = "body"
		}
	}
	return fields
}
