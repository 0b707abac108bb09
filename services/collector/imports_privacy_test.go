package collector_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// What a file's cells hold stands in its rejects, for who sent it, and nowhere else: not in
// what the API says of the import, not in a log, a metric, a subject or an import's state,
// whichever column a customer's data stands in by mistake.
func TestWhatAnImportRefusesIsQuotedNowhereElse(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.DebugLevel)
	l := start(t, testkit.Bus(t), zap.New(core))
	const mapped = `survey: {column: enquete, default: magasins}
id: id
submittedAt: {column: date, layouts: [iso]}
customer: {name: nom, phone: {column: tel, country: FR}, email: mail}
answers: [{metric: CSAT, column: note, scale: {min: 1, max: 5}}, {verbatim: avis}]
`
	secrets := []string{"Quenouille", "zoe@example.org", "insupportable"}
	rows := []string{"id,date,nom,tel,mail,note,avis,enquete"}
	for _, s := range secrets { // in each column that is read as something
		rows = append(rows,
			"1,2026-11-20T10:00:00Z,a,,,"+s+",x,", "2,"+s+",a,,,3,x,", "3,2026-11-20T10:00:00Z,a,"+s+",,3,x,",
			"4,2026-11-20T10:00:00Z,a,,"+strings.ReplaceAll(s, "@", " at ")+",3,x,", "5,2026-11-20T10:00:00Z,a,,,3,x,"+s+" !",
			"6,2026-11-20T10:00:00Z,a,,,3,x,,"+s)
	}
	i := l.imports([]part{{"mapping", "", mapped}, {"file", "a.csv", strings.Join(rows, "\n") + "\n"}})
	require.GreaterOrEqual(t, i.GetRefused(), int64(9), i.GetRefusals())
	shown := l.get("/v1/imports/"+i.GetId()).body + l.get("/v1/imports").body
	for _, d := range l.stored(subject.Imports) {
		shown += d.Subject + string(d.Data)
	}
	for _, entry := range logs.All() {
		shown += entry.Message
		for _, f := range entry.Context {
			shown += f.String
			if err, ok := f.Interface.(error); ok {
				shown += err.Error()
			}
		}
	}
	families, err := l.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		shown += f.String()
	}
	for _, secret := range secrets {
		require.NotContains(t, shown, secret)
		require.Contains(t, l.get("/v1/imports/"+i.GetId()+"/rejects").body, secret)
	}
}
