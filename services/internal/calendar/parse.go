package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// dayNames are the weekdays as configurations write them, by time.Weekday.
var dayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseWeek reads a week: days, as mon, sat-sun or mon-fri, to their periods, as
// 09:00-12:30 or 22:00-02:00 (which goes on into the next day); 24:00 is the end
// of a day. Days that are not named are closed. The error names every key and
// period that is wrong.
func ParseWeek(days map[string][]string) (Week, error) {
	var w Week
	var wrong []string
	for _, key := range sortedKeys(days) {
		named, err := parseDays(key)
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		for _, text := range days[key] {
			p, err := ParsePeriod(text)
			if err != nil {
				wrong = append(wrong, key+": "+err.Error())
				continue
			}
			for _, day := range named {
				w.add(day, p)
			}
		}
	}
	for day := range w {
		slices.SortFunc(w[day], func(a, b Period) int { return a.From - b.From })
		if i := overlap(w[day]); i > 0 {
			wrong = append(wrong, fmt.Sprintf("%s: %s overlaps %s", dayNames[day], w[day][i-1], w[day][i]))
		}
		w[day] = join(w[day])
	}
	if len(wrong) > 0 {
		return Week{}, fmt.Errorf("hours: %s", strings.Join(wrong, "; "))
	}
	return w, nil
}

func sortedKeys(days map[string][]string) []string {
	keys := make([]string, 0, len(days))
	for k := range days {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// add adds a period that may end after midnight.
func (w *Week) add(day int, p Period) {
	if p.To > MinutesADay {
		next := (day + 1) % len(w)
		w[next] = append(w[next], Period{0, p.To - MinutesADay})
		p.To = MinutesADay
	}
	w[day] = append(w[day], p)
}

// overlap is the index of the first period that begins before the one before it
// ends; 0 when there is none.
func overlap(sorted []Period) int {
	for i := 1; i < len(sorted); i++ {
		if sorted[i].From < sorted[i-1].To {
			return i
		}
	}
	return 0
}

// join makes one period of those that touch.
func join(sorted []Period) []Period {
	var joined []Period
	for _, p := range sorted {
		if last := len(joined) - 1; last >= 0 && joined[last].To == p.From {
			joined[last].To = p.To
			continue
		}
		joined = append(joined, p)
	}
	return joined
}

func parseDays(key string) ([]int, error) {
	from, to, ranged := strings.Cut(strings.ToLower(strings.TrimSpace(key)), "-")
	first := slices.Index(dayNames[:], from)
	last := first
	if ranged {
		last = slices.Index(dayNames[:], to)
	}
	if first < 0 || last < 0 {
		return nil, fmt.Errorf("%q is no day: mon, tue, wed, thu, fri, sat, sun, or a range as mon-fri", key)
	}
	days := []int{first}
	for day := first; day != last; {
		day = (day + 1) % len(dayNames)
		days = append(days, day)
	}
	return days, nil
}

// ParsePeriod reads one period of a week. One that goes on into the next day ends after
// MinutesADay.
func ParsePeriod(text string) (Period, error) {
	from, to, ok := strings.Cut(strings.TrimSpace(text), "-")
	a, okA := parseClock(from)
	b, okB := parseClock(to)
	switch {
	case !ok || !okA || !okB || a == MinutesADay || a == b:
		return Period{}, fmt.Errorf("%q is no period, as 09:00-12:30", text)
	case b < a:
		b += MinutesADay
	}
	return Period{a, b}, nil
}

// parseClock reads 00:00 to 24:00.
func parseClock(text string) (minutes int, ok bool) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		return MinutesADay, true
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, false
	}
	return t.Hour()*60 + t.Minute(), true
}
