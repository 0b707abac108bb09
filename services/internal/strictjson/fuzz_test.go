package strictjson

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// stricter are the problems that protojson does not see, each on purpose: it
// takes enum numbers without a name, NaN and Infinity, NUL, times with one-digit
// hours or decimal commas, durations with leading zeros or a bare point, enum
// names with escapes, whole numbers as fractions beyond 2^53, any depth to 10,000.
var stricter = regexp.MustCompile(`^(must be one of |must be a number$|is a number out of range$|must be a whole number$` +
	`|(its name )?contains a NUL|must be a time in|must be a duration in|is nested deeper|there are more problems)`)

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		whole, `{}`, `[`, `{"id":"\ud800"}`, `{"answers":[{"metric":1,"value":"1e5"},null]}`, `{"attributes":{"a":"b","a":"c"}}`,
		`{"submittedAt":"2026-11-20T9:30:00Z"}`, `{"consent":{"callback":null},"customer":{"time_zone":"x","timeZone":"y"}}`, `{"id":1} x`,
		`{"answers":[{"scale":{"min":-1e-9,"max":1e308,"direction":2}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got, want eventsv1.Response
		found := Decode(data, &got, Options{})
		err := protojson.Unmarshal(data, &want)
		if len(found) == 0 {
			require.NoError(t, err, "accepted what protojson refuses")
			require.True(t, proto.Equal(&want, &got), "got %v, protojson %v", &got, &want)
			return
		}
		if err == nil {
			for _, v := range found {
				require.Regexp(t, stricter, v.Problem, "refused what protojson accepts")
			}
		}
	})
}

// FuzzDecodeRows holds a batch to its rows: each is judged as if it came alone.
func FuzzDecodeRows(f *testing.F) {
	f.Add([]byte(`{"id":"a"}`), []byte(`{"id":1}`))
	f.Add([]byte(`null`), []byte(whole))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		got, bad := rows(`{"responses":[`+string(a)+`,`+string(b)+`]}`, 2)
		if len(bad) > 0 || len(got) != 2 {
			return
		}
		for i, data := range [][]byte{a, b} {
			var alone eventsv1.Response
			require.Equal(t, Decode(data, &alone, Options{}), got[i].Violations)
			require.True(t, proto.Equal(&alone, got[i].Message))
		}
	})
}
