package rule

import "cel.dev/cel-go/common"

// textSource is a condition as the CEL library reads it. Positions in it are
// positions in the scalar's text; locate turns them into positions in the file.
func textSource(text string) common.Source { return common.NewTextSource(text) }
