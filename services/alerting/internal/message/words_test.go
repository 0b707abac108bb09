package message

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

func TestBothLanguagesSayEverything(t *testing.T) {
	t.Parallel()
	fr, en := reflect.ValueOf(french), reflect.ValueOf(english)
	for i := range fr.NumField() {
		name := fr.Type().Field(i).Name
		switch a, b := fr.Field(i), en.Field(i); a.Kind() {
		case reflect.Map:
			require.NotZero(t, a.Len(), name)
			require.Equal(t, a.Len(), b.Len(), name)
			for _, k := range a.MapKeys() {
				require.True(t, b.MapIndex(k).IsValid(), "%s[%s]", name, k)
			}
		default:
			require.NotEmpty(t, a.String(), name)
			require.NotEmpty(t, b.String(), name)
		}
	}
}

// Whatever a fallback does, people read it in words and not by its key.
func TestAllThatAFallbackDoesHasWords(t *testing.T) {
	t.Parallel()
	all := rule.Fallback{Bar: rule.Minimum{Priority: 1}, Tell: []string{"lead"}}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[rule.Fallback]()) { // those that will come, too
		switch v := reflect.ValueOf(&all).Elem().FieldByIndex(f.Index); v.Kind() {
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int64:
			v.SetInt(1)
		default:
			require.Contains(t, []string{"Bar", "Tell", "Description"}, f.Name, "fill it above")
		}
	}
	require.GreaterOrEqual(t, len(all.Measures()), 7)
	for _, w := range []words{french, english} {
		for _, m := range all.Measures() {
			require.NotEmpty(t, w.Measures[m], m)
		}
	}
}
