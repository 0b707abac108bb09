package replay

import (
	"strings"

	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

// row is one row of the file on its way.
type row struct {
	*responsefile.Row

	content []byte // the response as JSON
	result  RowResult
	// sentBefore says that the answer to an earlier sending was lost.
	sentBefore bool
	// failures counts how often the server broke on the row.
	failures int
}

func (r *row) toSend() bool { return r.Response != nil }

// key tells responses apart: the rows of one key keep their order.
func (r *row) key() string {
	return strings.TrimSpace(r.Response.GetSurvey()) + "\x00" + strings.TrimSpace(r.Response.GetId())
}
