package mapping

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
	"go.yaml.in/yaml/v3"
)

func (w *walker) country(n *yaml.Node, path string) string {
	s := strings.ToUpper(w.Text(n, path))
	if s != "" && !phonenumbers.GetSupportedRegions()[s] {
		w.Wrong(n, path, "must be a country's two letters, as FR")
	}
	return s
}

// international writes a phone as +33…, when it was written as people of the
// country write theirs, or as a spreadsheet leaves it once it has taken the
// number for a number and dropped the 0 in front. What cannot be read stays as
// it is: the collector judges it.
func international(s, country string) string {
	if s == "" || country == "" {
		return s
	}
	n, err := phonenumbers.Parse(s, country)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return s
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}
