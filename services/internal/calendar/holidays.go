package calendar

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/gr"
	"github.com/rickar/cal/v2/hr"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lv"
	"github.com/rickar/cal/v2/mw"
	"github.com/rickar/cal/v2/nc"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/ro"
	"github.com/rickar/cal/v2/ru"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/si"
	"github.com/rickar/cal/v2/sk"
	"github.com/rickar/cal/v2/ua"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"
)

// national are the countries whose holidays are known, by ISO 3166 code: all of the
// library that has a list for the whole country. Australia has none but by state: there
// it is what all of them keep.
var national = map[string]*country{
	"AR": {list: ar.Holidays}, "AT": {list: at.Holidays}, "BE": {list: be.Holidays}, "BG": {list: bg.Holidays},
	"BR": {list: br.Holidays}, "CA": {list: ca.Holidays}, "CH": {list: ch.Holidays}, "CZ": {list: cz.Holidays},
	"DE": {list: de.Holidays}, "DK": {list: dk.Holidays}, "ES": {list: es.Holidays}, "FR": {list: fr.Holidays},
	"GB": {list: gb.Holidays}, "GR": {list: gr.Holidays}, "HR": {list: hr.Holidays}, "IE": {list: ie.Holidays},
	"IT": {list: it.Holidays}, "JP": {list: jp.Holidays}, "LT": {list: lt.Holidays}, "LV": {list: lv.Holidays},
	"MW": {list: mw.Holidays}, "NC": {list: nc.Holidays}, "NL": {list: nl.Holidays}, "NO": {list: no.Holidays},
	"NZ": {list: nz.Holidays}, "PL": {list: pl.Holidays}, "RO": {list: ro.Holidays}, "RU": {list: ru.Holidays},
	"SE": {list: se.Holidays}, "SI": {list: si.Holidays}, "SK": {list: sk.Holidays}, "UA": {list: ua.Holidays},
	"US": {list: us.Holidays}, "ZA": {list: za.Holidays},
	"AU": {list: []*cal.Holiday{au.NewYear, au.AustraliaDay, au.GoodFriday, au.EasterMonday, au.AnzacDay, au.ChristmasDay, au.BoxingDay}},
	// The overseas departments keep those of France.
	"GF": {list: fr.Holidays}, "GP": {list: fr.Holidays}, "MQ": {list: fr.Holidays}, "RE": {list: fr.Holidays}, "YT": {list: fr.Holidays},
}

// Countries are the codes that National knows, sorted.
func Countries() []string { return slices.Sorted(maps.Keys(national)) }

// National returns the public holidays that a whole country has, by its ISO 3166
// code: the day itself and the day it is kept on instead. Those of a region alone
// (Good Friday in Alsace) are not among them: name them as Dates.
func National(code string) (Holidays, error) {
	c, known := national[strings.ToUpper(strings.TrimSpace(code))]
	if !known {
		return nil, fmt.Errorf("%q is no country whose holidays are known: %s", code, strings.Join(Countries(), ", "))
	}
	return c, nil
}

// country works a year's holidays out once.
type country struct {
	list  []*cal.Holiday
	years sync.Map // year -> map[Date]bool
}

func (c *country) Holiday(d Date) bool {
	known, ok := c.years.Load(d.Year)
	if !ok {
		known, _ = c.years.LoadOrStore(d.Year, c.year(d.Year))
	}
	return known.(map[Date]bool)[d]
}

// year is one year's holidays. New Year's Day of the next may be kept in it.
func (c *country) year(year int) map[Date]bool {
	days := map[Date]bool{}
	for y := year; y <= year+1; y++ {
		for _, h := range c.list {
			if h.Type == cal.ObservanceOther {
				continue // schools and stores close; people can be called
			}
			actual, observed := h.Calc(y)
			if actual.IsZero() {
				continue // not in this year
			}
			days[DateOf(actual)], days[DateOf(observed)] = true, true
		}
	}
	return days
}

// Dates are holidays that a configuration names one by one.
type Dates map[Date]bool

// Holiday reports whether the day is named.
func (d Dates) Holiday(day Date) bool { return d[day] }

// AnyOf are the holidays of several; nil ones have none.
func AnyOf(several ...Holidays) Holidays {
	return anyOf(slices.DeleteFunc(slices.Clone(several), func(h Holidays) bool { return h == nil }))
}

type anyOf []Holidays

func (a anyOf) Holiday(d Date) bool {
	return slices.ContainsFunc(a, func(h Holidays) bool { return h.Holiday(d) })
}
