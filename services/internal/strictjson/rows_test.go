package strictjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

func rows(json string, most int) ([]Row, []Violation) {
	return DecodeRows([]byte(json), RowsOptions{
		Field: "responses", Max: most, New: func() proto.Message { return &eventsv1.Response{} },
	})
}

func TestABadRowIsNamedAndTheOthersStand(t *testing.T) {
	t.Parallel()
	got, bad := rows(`{"responses":[{"id":"a"},{"id":1,"foo":2},null,7,{"id":"b","answers":[{}]}]}`, 10)
	require.Empty(t, bad)
	require.Len(t, got, 5)
	require.Empty(t, got[0].Violations)
	require.Equal(t, "a", got[0].Message.(*eventsv1.Response).GetId())
	require.Equal(t, []Violation{{"id", "must be a string, not a number"}, {"foo", "unknown field"}}, got[1].Violations)
	require.Equal(t, []Violation{{"", "must be an object, not null"}}, got[2].Violations)
	require.Equal(t, []Violation{{"", "must be an object, not a number"}}, got[3].Violations)
	require.Empty(t, got[4].Violations)
}

func TestWhatIsWrongWithTheBatchRefusesItWhole(t *testing.T) {
	t.Parallel()
	for json, want := range map[string]Violation{
		``:                                      {"", "the text is empty, a JSON object is expected"},
		`[]`:                                    {"", "must be an object with the field responses, not an array"},
		`{}`:                                    {"responses", "is required: an array of 1 to 3 rows"},
		`{"responses":null}`:                    {"responses", "is required: an array of 1 to 3 rows"},
		`{"responses":[]}`:                      {"responses", "is required: an array of 1 to 3 rows"},
		`{"response":[{}]}`:                     {"response", "unknown field; did you mean responses?"},
		`{"responses":[{}],"dry":true}`:         {"dry", "unknown field"},
		`{"responses":{}}`:                      {"responses", "must be an array, not an object"},
		`{"responses":[{}],"responses":[{}]}`:   {"responses", "is given more than once"},
		`{"responses":[{},{},{},{}]}`:           {"responses", "has more than 3 rows; send several batches"},
		`{"responses":[{},{"id":"x}]}`:          {"responses[1]", "not valid JSON: the text ends too early"},
		`{"responses":[{},{"id":5,"a":tru}]}`:   {"responses[1]", "not valid JSON at byte 32"},
		`{"responses":[{}]} {}`:                 {"", "something follows the JSON value, at byte 20"},
		`{"responses":[{}`:                      {"responses[1]", "not valid JSON: the text ends too early"},
		`{"responses":[{},` + deepRow() + `]}`:  {"responses[1].x", "is nested deeper than 32 levels"},
		"{\"responses\":[{\"id\":\"\x00\"}]}":   {"responses[0]", "not valid JSON at byte 21"},
		`{"responses":[{}],"responses\u0000":1`: {"?", "unknown field; its name contains a NUL character"},
	} {
		got, bad := rows(json, 3)
		require.Empty(t, got, json)
		require.NotEmpty(t, bad, json)
		require.Equal(t, want, bad[0], json)
	}
}

func deepRow() string { return `{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}` }

func TestEachRowHasItsOwnLimit(t *testing.T) {
	t.Parallel()
	row := `{` + strings.TrimSuffix(strings.Repeat(`"zz":1,`, 80), ",") + `}`
	got, bad := rows(`{"responses":[`+row+`,`+row+`,{"id":"ok"}]}`, 3)
	require.Empty(t, bad)
	require.Len(t, got[0].Violations, DefaultLimit+1)
	require.Len(t, got[1].Violations, DefaultLimit+1)
	require.Empty(t, got[2].Violations)
}
