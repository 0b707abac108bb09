package rpc

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	h := sameOrigin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for name, c := range map[string]struct {
		method string
		header map[string]string
		want   int
	}{
		"curl":              {http.MethodPost, nil, http.StatusNoContent},
		"the same site":     {http.MethodPost, map[string]string{"Sec-Fetch-Site": "same-origin"}, http.StatusNoContent},
		"another site":      {http.MethodPost, map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		"another, older":    {http.MethodPost, map[string]string{"Origin": "https://elsewhere.example"}, http.StatusForbidden},
		"another, reading":  {http.MethodGet, map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusNoContent},
		"this origin, long": {http.MethodPost, map[string]string{"Origin": "http://example.com"}, http.StatusNoContent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(c.method, "http://example.com/v1/responses", nil)
			for k, v := range c.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, c.want, w.Code)
		})
	}
}
