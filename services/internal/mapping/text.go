package mapping

import (
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// fold makes two ways of writing a name equal: case, surrounding space, and how
// an accent is encoded.
func fold(s string) string {
	return strings.ToLower(norm.NFC.String(strings.TrimSpace(s)))
}

func foldAll(all []string) []string {
	for i, s := range all {
		all[i] = fold(s)
	}
	return all
}

// parseNumber reads what a spreadsheet writes: a sign, digits, and at most one
// comma or point before decimals.
func parseNumber(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	digits := strings.TrimLeft(s, "+-")
	whole, decimals, parted := strings.Cut(strings.Replace(digits, ",", ".", 1), ".")
	if len(s)-len(digits) > 1 || !allDigits(whole) || (parted && !allDigits(decimals)) {
		return 0, false
	}
	v, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	return v, err == nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 15
}
