// Package whereabouts says where a phone number may be: in which country, and in which
// time zones. It goes by the number alone, and by libphonenumber's data.
//
// The answer is the careful one. Where a number can be in several zones, all are named: a
// mobile phone of a country with several, a number that is not of one place. Whoever goes
// by it calls only when all of them allow it.
package whereabouts

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// Nowhere is the country of a number that is of none, or of one of several that share a
// calling code and is in the ranges of none of them: a user-assigned code of ISO 3166.
const Nowhere = "ZZ"

// Of returns the country of a number in E.164, an ISO 3166 code or Nowhere, and the time
// zones, IANA's, that its owner may be in, sorted; of those whose clocks always show the
// same only one. Both are empty for what is no number, and zones for one of which nothing
// is known.
func Of(phone string) (country string, zones []string) {
	n, err := phonenumbers.Parse(phone, "")
	if err != nil {
		return "", nil
	}
	return countryOf(n), zonesOf(n)
}

// northAmerica is the calling code that most countries share.
const northAmerica = 1

func countryOf(n *phonenumbers.PhoneNumber) string {
	code := int(n.GetCountryCode())
	country := phonenumbers.GetRegionCodeForNumber(n)
	if country == "" && code != northAmerica { // in no range in use: as most with that code are
		country = phonenumbers.GetRegionCodeForCountryCode(code)
	}
	if len(country) != len(Nowhere) { // 001 is the world
		return Nowhere
	}
	return country
}

// placedMobiles are the calling codes of countries whose mobile numbers have area codes.
var placedMobiles = map[int32]bool{52: true, 54: true, 55: true, 62: true, 86: true}

// zonesOf goes by the number's area code, where it has one; else by its country's.
func zonesOf(n *phonenumbers.PhoneNumber) []string {
	prefix := ""
	switch phonenumbers.GetNumberType(n) { //nolint:exhaustive // all others are of no place
	case phonenumbers.FIXED_LINE, phonenumbers.FIXED_LINE_OR_MOBILE:
		prefix = phonenumbers.Format(n, phonenumbers.E164)
	case phonenumbers.MOBILE:
		if placedMobiles[n.GetCountryCode()] {
			prefix = phonenumbers.Format(n, phonenumbers.E164)
		}
	}
	if prefix == "" {
		prefix = phonenumbers.Format(&phonenumbers.PhoneNumber{CountryCode: n.CountryCode, NationalNumber: new(uint64)}, phonenumbers.E164)
		prefix = strings.TrimSuffix(prefix, "0")
	}
	names, err := phonenumbers.GetTimezonesForPrefix(prefix)
	if err != nil {
		return nil
	}
	return distinct(names)
}

// known are the answers of distinct, by what it was asked: as many as the data has.
var known sync.Map // the names in one string -> []string

// distinct are the zones among the names, without those that show what another one shows.
func distinct(names []string) []string {
	key := strings.Join(names, " ")
	if zones, ok := known.Load(key); ok {
		return zones.([]string)
	}
	var zones []string
	shown := map[string]bool{}
	for _, name := range slices.Sorted(slices.Values(names)) {
		zone, err := time.LoadLocation(name)
		if err != nil { // Etc/Unknown
			continue
		}
		if clock := shows(zone); !shown[clock] {
			shown[clock] = true
			zones = append(zones, name)
		}
	}
	known.Store(key, zones)
	return zones
}

// shows is what a zone's clock shows over two years, week by week.
func shows(zone *time.Location) string {
	var b strings.Builder
	for week := range 104 {
		at := time.Date(2026, 1, 1+7*week, 0, 0, 0, 0, time.UTC).In(zone)
		b.WriteString(at.Format("-0700"))
	}
	return b.String()
}
