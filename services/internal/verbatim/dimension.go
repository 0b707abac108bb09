package verbatim

import "strings"

// Dimension is what a text is about, at the highest level.
type Dimension uint8

// The dimensions, numbered as in the events.
const (
	// Product is what was bought or performed, and its price: quality, conformity,
	// choice, the site, the place.
	Product Dimension = iota + 1
	// Communication is people and words: welcome, respect, advice, information, promises.
	Communication
	// Responsiveness is speed and follow-through: delivery, waiting, being reachable,
	// complaints, returns, repairs.
	Responsiveness
	// Overall is the whole: satisfaction, loyalty, recommendation, effort, conditions.
	Overall
	// dimensions is one more than the last.
	dimensions
)

const dimensionLetters = "-PCRG"

var dimensionNames = [dimensions]string{
	"", "product_service_quality", "communication_relationship", "responsiveness_after_sales", "overall_experience",
}

// String is as it stands in results and in configuration; empty for none.
func (d Dimension) String() string {
	if d >= dimensions {
		return ""
	}
	return dimensionNames[d]
}

// Letter is P, C, R or G, as files of known dimensions have them; - for none.
func (d Dimension) Letter() string {
	if d >= dimensions {
		return "-"
	}
	return dimensionLetters[d : d+1]
}

// ParseDimension takes a name or a letter; ok is false where it is neither.
func ParseDimension(text string) (d Dimension, ok bool) {
	for d := Product; d < dimensions; d++ {
		if strings.EqualFold(text, dimensionNames[d]) || text == d.Letter() {
			return d, true
		}
	}
	return 0, false
}
