package message_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/alerting/internal/message"
)

// docs/receivers.md lists every field that a template may use, and no other.
func TestTheDocsListEveryField(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../docs/receivers.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "## Templates")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("`(\\.[A-Za-z]+)`").FindAllStringSubmatch(section, -1) {
		listed[m[1]] = true
	}
	there := map[string]bool{}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(v reflect.Type) {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct || v == reflect.TypeFor[time.Time]() || seen[v] {
			return
		}
		seen[v] = true
		for i := range v.NumField() {
			there["."+v.Field(i).Name] = true
			walk(v.Field(i).Type)
		}
	}
	walk(reflect.TypeFor[message.Facts]())
	walk(reflect.TypeFor[message.CustomerFacts]())
	require.Equal(t, there, listed)
}
