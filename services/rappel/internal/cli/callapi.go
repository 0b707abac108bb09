package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// fill is Sprintf for texts that are chosen at run time.
func fill(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// flagHelp names the help of a flag where its name does not say which it is.
const flagHelp = "rappel-help"

func (d *desk) localiseFlag(f *pflag.Flag) {
	name := f.Name
	if other := f.Annotations[flagHelp]; len(other) == 1 {
		name = other[0]
	}
	f.Usage = d.w.Flags[name]
	f.DefValue = map[string]string{"string": "", "bool": "false", "stringSlice": "[]", "stringArray": "[]", "uint32": "0", "duration": "0s"}[f.Value.Type()]
	if f.Value.Type() == "int" || f.Value.Type() == "uint64" {
		f.DefValue = "0" // cobra is silent on it: the help names defaults in its own language
	}
}

func annotate(cmd *cobra.Command, flag, help string) {
	cmd.Flags().Lookup(flag).Annotations = map[string][]string{flagHelp: {help}}
}

// again reports whether a call that failed so may be made again: the server
// asks for it, or its answer was lost. A server that is not there is not.
func again(err error) bool {
	var status *httpapi.StatusError
	if errors.As(err, &status) {
		return status.HTTP == http.StatusServiceUnavailable || status.HTTP == http.StatusTooManyRequests
	}
	var away *httpapi.Unreachable
	var op *net.OpError
	return errors.As(err, &away) && (!errors.As(err, &op) || op.Op != "dial")
}

// post sends a command and returns the answer as it came.
func (d *desk) post(cmd *cobra.Command, path string, req proto.Message) ([]byte, error) {
	body, err := protojson.Marshal(req)
	if err != nil {
		return nil, err
	}
	return d.call(cmd.Context(), d.repeating(cmd), func() ([]byte, error) {
		return d.api.Do(cmd.Context(), http.MethodPost, path, nil, body)
	})
}

func (d *desk) get(cmd *cobra.Command, path string, query url.Values) ([]byte, error) {
	return d.call(cmd.Context(), d.repeating(cmd), func() ([]byte, error) {
		return d.api.Do(cmd.Context(), http.MethodGet, path, query, nil)
	})
}

func (d *desk) repeating(cmd *cobra.Command) func() {
	return func() { _, _ = fmt.Fprintln(cmd.ErrOrStderr(), d.w.Repeating) }
}

// one reads an answer that carries a callback; they all have the same form.
func one(body []byte) (*eventsv1.Callback, error) {
	resp, err := shown(body)
	return resp.GetCallback(), err
}

// shown reads the answer that says where a callback stands as well.
func shown(body []byte) (*callbackv1.GetCallbackResponse, error) {
	resp := &callbackv1.GetCallbackResponse{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, resp); err != nil || resp.GetCallback() == nil {
		return nil, errors.New("the answer cannot be read: is it a Rappel server?")
	}
	return resp, nil
}

func (d *desk) fetch(cmd *cobra.Command, id string) (*eventsv1.Callback, []byte, error) {
	body, err := d.get(cmd, pathOf(id), nil)
	if err != nil {
		return nil, nil, err
	}
	cb, err := one(body)
	return cb, body, err
}

func pathOf(id string) string { return "/v1/callbacks/" + url.PathEscape(id) }

// printBody prints an answer of the API as it came, indented.
func printBody(w io.Writer, body []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}
