package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTableHasRatios(t *testing.T) {
	t.Parallel()
	r := results{}
	for _, line := range []string{
		"BenchmarkIngest/collector_HTTP,_one_by_one-2         	    9624	    450274 ns/op	      2000 answers/s",
		"BenchmarkIngest/bare_net/http_and_a_raw_publish-2 	   10000	    315945 ns/op	      4000 answers/s",
		"BenchmarkAnswerToCallback 	   1	    0 ns/op	 3.5 p50-ms	 9.25 p99-ms",
		"ok  	some/package	1.2s",
		"BenchmarkBroken-2",
	} {
		if name, metrics, ok := parse(line); ok {
			r[name] = metrics
		}
	}
	require.Len(t, r, 3)
	var out strings.Builder
	require.NoError(t, r.print(&out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3)
	require.Regexp(t, `one by one, 64 clients +2000 answers/s +4000 +0\.50`, lines[1])
	require.Regexp(t, `answer to claimed callback.* 3\.50 +9\.25`, lines[2])
}
