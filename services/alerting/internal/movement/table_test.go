package movement

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/testkit/docpage"
)

var update = flag.Bool("update", false, "write the tables of docs/metric-rules.md anew")

// Rules of the tables.
const (
	npsPrevious  = "measure: NPS, window: 24h, drops_by: 10"
	npsLast      = "measure: NPS, window: 24h, against: {last: 28d}, drops_by: 10"
	npsBar       = "measure: NPS, window: 24h, below: 30"
	csatPrevious = "measure: CSAT, window: 24h, drops_by: 10"
	csatLast     = "measure: CSAT, window: 24h, against: {last: 28d}, drops_by: 10"
	csatSplit    = "measure: CSAT, by: [theme], window: 24h, against: {last: 28d}, drops_by: 10"
	countDay     = "measure: count, window: 24h, drops_by: 30"
	countRises   = "measure: count, window: 24h, rises_by: 30"
	countHours   = "measure: count, window: 4h, drops_by: 50"
)

// Worlds of the tables: NPS 40, and 80 % satisfied.
func npsWorld(aDay float64) world  { return world{aDay: aDay, good: 0.6, bad: 0.2, seasons: true} }
func csatWorld(aDay float64) world { return world{aDay: aDay, good: 0.8, seasons: true} }

// quiet is a life in which nothing happens.
type quiet struct {
	name, rule string
	world      world
	naive      bool // each look is held to the confidence, as if there were no other
}

func quiets() []quiet {
	drifting := npsWorld(2000)
	drifting.drift = 3
	flat := npsWorld(200)
	flat.seasons = false
	split := csatWorld(100)
	split.series = 20
	jittery := csatWorld(500)
	jittery.jitter = 0.15
	atBar := npsWorld(200)
	atBar.good, atBar.bad = 0.5, 0.2
	return []quiet{
		{"50 a day", npsPrevious, npsWorld(50), false},
		{"200 a day, as many by night", npsPrevious, flat, false},
		{"200 a day", npsPrevious, npsWorld(200), false},
		{"2,000 a day", npsPrevious, npsWorld(2000), false},
		{"200 a day", npsLast, npsWorld(200), false},
		{"2,000 a day, 3 points less in 30 days", npsLast, drifting, false},
		{"200 a day, and just at the bar", npsBar, atBar, false},
		{"50 a day", csatPrevious, csatWorld(50), false},
		{"200 a day", csatLast, csatWorld(200), false},
		{"20 themes, 100 a day each", csatSplit, split, false},
		{"20 a day", countDay, csatWorld(20), false},
		{"500 a day", countDay, csatWorld(500), false},
		{"500 a day", countRises, csatWorld(500), false},
		{"500 a day, days differ by 15 %", countDay, jittery, false},
		{"500 a day", countHours, csatWorld(500), false},
		{"200 a day; *each look by itself*", npsPrevious, npsWorld(200), true},
	}
}

// alarms is how many alerts a rule raises in so many months of 30 days.
func (q quiet) alarms(t testing.TB, months int) (n int, bound float64) {
	set := metric(t, q.rule)
	m := set.Metrics[0]
	bound = (1 - m.Confidence) * float64(30*24*time.Hour/m.Window)
	if q.naive {
		m.Confidence = 1 - (1-m.Confidence)*float64(gridOf(m).looks)
	}
	for month := range months {
		r := begin(set, q.world, uint64(month))
		for end := r.now().AddDate(0, 0, 30); r.now().Before(end); {
			for _, one := range r.look(change{}) {
				if one.Began {
					n++
				}
			}
		}
	}
	return n, bound
}

// found is a life in which something happens.
type found struct {
	name, rule string
	world      world
	change     change
}

func founds() (all []found) {
	for _, rule := range []string{npsPrevious, npsLast} {
		for _, aDay := range []float64{100, 500, 2000} {
			for _, points := range []float64{15, 25, 40} {
				all = append(all, found{fmt.Sprintf("%s a day: %g points less", thousands(aDay), points), rule, npsWorld(aDay), change{points: points}})
			}
		}
	}
	for _, aDay := range []float64{100, 500} {
		for _, points := range []float64{15, 30} {
			all = append(all, found{fmt.Sprintf("%s a day: %g points less", thousands(aDay), points), csatLast, csatWorld(aDay), change{points: points}})
		}
	}
	for _, rule := range []string{countDay, countHours} {
		for _, aDay := range []float64{50, 500} {
			for _, fewer := range []float64{0.6, 1} {
				all = append(all, found{fmt.Sprintf("%s a day: %g %% fewer", thousands(aDay), 100*fewer), rule, csatWorld(aDay), change{fewer: fewer}})
			}
		}
	}
	return all
}

// delays is how long it takes until the alert, in the lives in which there is one within two
// weeks; the change comes at any hour of a week.
func (f found) delays(t testing.TB, lives int) (all []time.Duration) {
	set := metric(t, f.rule)
	for life := range lives {
		r := begin(set, f.world, uint64(life))
		for range r.chance.IntN(int(week / (time.Duration(r.t.grid.length) * time.Millisecond))) {
			r.draw(change{})
		}
		r.t.looked = r.slot - 1
		since := r.now()
		for found := false; !found && r.now().Sub(since) < 14*24*time.Hour; {
			for _, one := range r.look(f.change) {
				if found = one.Began; found {
					all = append(all, r.now().Sub(since))
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// at is the delay that a part of all lives does not exceed; a dash where fewer found it.
func at(delays []time.Duration, lives int, part float64) string {
	i := int(part*float64(lives)+0.5) - 1
	if i >= len(delays) {
		return "-"
	}
	return fmt.Sprintf("%.0f h", delays[i].Hours())
}

func thousands(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%d,%03d", int(v)/1000, int(v)%1000)
	}
	return fmt.Sprint(v)
}

// The tables of the document: what rules find and how soon, and how often they are wrong. A
// rule that is wrong more often than the document promises fails.
func TestDocumentedTables(t *testing.T) {
	t.Parallel()
	months, lives, brief := 200, 100, testing.Short() || raced && !*update
	if brief {
		months, lives = 15, 4
	}
	calm, loud := make([]string, len(quiets())), make([]string, len(founds()))
	for i, q := range quiets() {
		t.Run("quiet/"+q.rule+"/"+q.name, func(t *testing.T) {
			t.Parallel()
			n, bound := q.alarms(t, months)
			calm[i] = fmt.Sprintf("| `%s` | %s | %.3f | %.3f |", q.rule, q.name, float64(n)/float64(months), bound)
			switch {
			case q.naive && !brief:
				require.Greater(t, float64(n), bound*float64(months), "without the correction there would be too many")
			case !q.naive:
				require.LessOrEqual(t, float64(n), max(1, bound*float64(months)))
			}
			t.Log(calm[i])
		})
	}
	for i, f := range founds() {
		t.Run("found/"+f.rule+"/"+f.name, func(t *testing.T) {
			t.Parallel()
			d := f.delays(t, lives)
			loud[i] = fmt.Sprintf("| `%s` | %s | %d %% | %s | %s |", f.rule, f.name, 100*len(d)/lives, at(d, lives, 0.5), at(d, lives, 0.9))
			t.Log(loud[i])
		})
	}
	t.Cleanup(func() {
		if t.Failed() || brief || slices.Contains(loud, "") || slices.Contains(calm, "") {
			return // not all were asked for
		}
		document(t, "found", "| rule | what happens | found | half within | 9 of 10 within |\n|---|---|---|---|---|\n"+strings.Join(loud, "\n"))
		document(t, "quiet", "| rule | answers | alerts a month | at most |\n|---|---|---|---|\n"+strings.Join(calm, "\n"))
	})
}

// document holds a table of the document to what was measured.
func document(t *testing.T, name, table string) {
	docpage.Holds(t, "../../../../docs/metric-rules.md", "<!-- "+name+": printed by a test -->", table, *update)
}
