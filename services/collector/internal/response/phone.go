package response

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"google.golang.org/protobuf/proto"
)

// phones brings phone numbers to E.164. A number must be possible, not valid:
// ranges that no operator has been given, as those kept for fiction, are numbers
// somebody may have all the same.
type phones struct{ home string }

func newPhones(home string) (*phones, error) {
	if !phonenumbers.GetSupportedRegions()[home] {
		return nil, fmt.Errorf("region %q: must be an ISO 3166 code in capitals, as FR", home)
	}
	return &phones{home: home}, nil
}

func (p *phones) check(c *checker, s string, tag language.Tag, zone string) string {
	const path = "customer.phone"
	before := len(c.found)
	s = c.line(path, s, MaxPhone)
	if s == "" || len(c.found) > before {
		return s
	}
	region := p.home
	if s[0] != '+' {
		region = regionOf(tag, zone, p.home)
	}
	e164, ok := plain(s, region)
	if !ok {
		e164, ok = parsed(s, region)
	}
	if !ok && region != p.home {
		e164, ok = parsed(s, p.home)
	}
	if !ok {
		c.add(path, "is no phone number; write it as +33612345678, or as it is dialled in the customer's country")
		return ""
	}
	return e164
}

// parsed is the phone library's reading, which takes any notation and some 20 µs.
func parsed(s, region string) (string, bool) {
	n, err := phonenumbers.Parse(s, region)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", false
	}
	return phonenumbers.Format(n, phonenumbers.E164), true
}

// trunked are the calling codes of the countries where a number needs no library
// when it is written plainly: its national form is a trunk 0 and the rest, and
// the rest never begins with 0. untrunked are those without a trunk 0. A test
// holds plain to the library.
var (
	trunked = map[string]int{
		"FR": 33, "BE": 32, "CH": 41, "NL": 31, "GB": 44, "IE": 353, "DE": 49, "AT": 43, "SE": 46, "MA": 212, "DZ": 213,
	}
	untrunked = map[string]int{"ES": 34, "PT": 351, "DK": 45, "NO": 47, "TN": 216}
)

var plainCodes = func() map[int]bool {
	m := map[int]bool{}
	for _, list := range []map[string]int{trunked, untrunked} {
		for _, code := range list {
			m[code] = true
		}
	}
	return m
}()

// plain reads +33612345678, 0612345678 and the same with spaces, points or
// hyphens; ok is false for whatever needs the library, right or wrong.
func plain(s, region string) (e164 string, ok bool) {
	var buf [MaxPhone]byte
	digits := buf[:0]
	for i := range len(s) {
		switch b := s[i]; {
		case b >= '0' && b <= '9':
			digits = append(digits, b)
		case b == '+' && i == 0:
		case (b == ' ' || b == '.' || b == '-') && i > 0 && i < len(s)-1 && s[i-1] >= '0' && s[i-1] <= '9':
		default:
			return "", false
		}
	}
	code := 0
	if s[0] == '+' {
		code, digits = cutCode(digits)
	} else if len(digits) > 0 && digits[0] == '0' {
		code, digits = trunked[region], digits[1:]
	}
	// Eight digits and more: shorter ones may be local or special.
	if code == 0 || len(digits) < 8 || len(digits) > 12 || digits[0] == '0' {
		return "", false
	}
	national, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return "", false
	}
	n := phonenumbers.PhoneNumber{CountryCode: proto.Int32(int32(code)), NationalNumber: &national}
	if phonenumbers.IsPossibleNumberWithReason(&n) != phonenumbers.IS_POSSIBLE {
		return "", false
	}
	return "+" + strconv.Itoa(code) + string(digits), true
}

// cutCode splits the digits of an international number after a plain code.
func cutCode(digits []byte) (int, []byte) {
	for n := 2; n <= 3 && n < len(digits); n++ {
		code, _ := strconv.Atoi(string(digits[:n]))
		if plainCodes[code] {
			return code, digits[n:]
		}
	}
	return 0, digits
}

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
	case len(spoken) == 0 || contains(spoken, home):
		return home
	default:
		return spoken[0]
	}
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
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
