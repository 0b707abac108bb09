package response

import (
	"fmt"
	"strconv"

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
