package response

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
)

// regionOf guesses where a customer dials from: what the language tag says, then
// the time zone, then the language where it is spoken.
func regionOf(tag language.Tag, zone, home string) string {
	if _, _, region := tag.Raw(); region.String() != "ZZ" {
		if r := region.String(); phonenumbers.GetCountryCodeForRegion(r) != 0 {
			return r
		}
	}
	if r, ok := regionOfZone[zone]; ok {
		return r
	}
	base, _, _ := tag.Raw()
	spoken := spokenIn[base.String()]
	switch {
	case len(spoken) == 0 || slices.Contains(spoken, home):
		return home
	default:
		return spoken[0]
	}
}

// spokenIn lists where a language is spoken, the likeliest first. A language that
// says too little, as English, is left out: the deployment's own region is the
// better guess.
var spokenIn = map[string][]string{
	"fr": strings.Fields("FR BE CH LU MC CA GP MQ GF RE YT NC PF SN CI CM ML BF TG BJ MG TN MA DZ"),
	"de": strings.Fields("DE AT CH LU LI BE IT"),
	"it": strings.Fields("IT CH SM"),
	"nl": strings.Fields("NL BE SR"),
	"pl": {"PL"}, "cs": {"CZ"}, "sk": {"SK"}, "hu": {"HU"}, "ro": strings.Fields("RO MD"), "bg": {"BG"},
	"el": strings.Fields("GR CY"), "da": {"DK"}, "sv": strings.Fields("SE FI"), "fi": {"FI"}, "nb": {"NO"}, "no": {"NO"},
	"et": {"EE"}, "lv": {"LV"}, "lt": {"LT"}, "sl": {"SI"}, "hr": {"HR"}, "uk": {"UA"}, "ja": {"JP"}, "ko": {"KR"}, "tr": strings.Fields("TR CY"),
}

// regionOfZone knows the zones that lie in one country.
var regionOfZone = func() map[string]string {
	m := map[string]string{}
	for region, zones := range map[string]string{
		"FR": "Europe/Paris", "BE": "Europe/Brussels", "CH": "Europe/Zurich", "LU": "Europe/Luxembourg", "MC": "Europe/Monaco",
		"DE": "Europe/Berlin Europe/Busingen", "AT": "Europe/Vienna", "LI": "Europe/Vaduz", "NL": "Europe/Amsterdam",
		"GB": "Europe/London Europe/Belfast", "IE": "Europe/Dublin", "ES": "Europe/Madrid Atlantic/Canary Africa/Ceuta",
		"PT": "Europe/Lisbon Atlantic/Madeira Atlantic/Azores", "IT": "Europe/Rome", "SM": "Europe/San_Marino", "AD": "Europe/Andorra",
		"PL": "Europe/Warsaw", "CZ": "Europe/Prague", "SK": "Europe/Bratislava", "HU": "Europe/Budapest", "RO": "Europe/Bucharest",
		"BG": "Europe/Sofia", "GR": "Europe/Athens", "DK": "Europe/Copenhagen", "SE": "Europe/Stockholm", "NO": "Europe/Oslo",
		"FI": "Europe/Helsinki", "EE": "Europe/Tallinn", "LV": "Europe/Riga", "LT": "Europe/Vilnius", "SI": "Europe/Ljubljana",
		"HR": "Europe/Zagreb", "UA": "Europe/Kyiv Europe/Kiev", "TR": "Europe/Istanbul", "MT": "Europe/Malta", "IS": "Atlantic/Reykjavik",
		"GP": "America/Guadeloupe", "MQ": "America/Martinique", "GF": "America/Cayenne", "RE": "Indian/Reunion", "YT": "Indian/Mayotte",
		"NC": "Pacific/Noumea", "PF": "Pacific/Tahiti Pacific/Marquesas Pacific/Gambier", "PM": "America/Miquelon",
		"CA": "America/Toronto America/Montreal America/Vancouver America/Winnipeg America/Halifax America/Edmonton America/St_Johns",
		"US": "America/New_York America/Chicago America/Denver America/Los_Angeles America/Phoenix America/Anchorage Pacific/Honolulu",
		"MA": "Africa/Casablanca", "DZ": "Africa/Algiers", "TN": "Africa/Tunis", "SN": "Africa/Dakar", "CI": "Africa/Abidjan",
		"AU": "Australia/Sydney Australia/Melbourne Australia/Brisbane Australia/Perth Australia/Adelaide", "NZ": "Pacific/Auckland",
		"JP": "Asia/Tokyo", "KR": "Asia/Seoul", "SG": "Asia/Singapore", "IN": "Asia/Kolkata Asia/Calcutta",
	} {
		for _, zone := range strings.Fields(zones) {
			m[zone] = region
		}
	}
	return m
}()
