package message

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
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
