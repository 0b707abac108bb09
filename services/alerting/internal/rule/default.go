package rule

import _ "embed"

// DefaultFile is what the shipped rules are called in messages.
const DefaultFile = "default-rules.yaml"

// DefaultText is the shipped rules file, for an operator to copy and change.
//
//go:embed default-rules.yaml
var DefaultText []byte
