package transport

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/collector/internal/push"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// sayUnknown is how often calls to an endpoint that is not there are logged.
const sayUnknown = time.Minute

// nowhere remembers the calls to endpoints that are not there.
type nowhere struct {
	mu     sync.Mutex
	silent time.Time // nothing is said until then
	calls  int64     // since something was said
}

// isNowhere answers a path below that of hooks that no endpoint can have as one that is not
// configured: none of its answers may end a webhook, whatever the operator wrote.
func (h *HTTP) isNowhere(w http.ResponseWriter, r *http.Request) { h.refuseCall(w, r, push.ErrUnknown) }

// unknown counts a call to no endpoint, and says so: the mistake is an operator's, who sees
// nothing of it at the source.
func (h *HTTP) unknown(r *http.Request) {
	source, endpoint, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, hooksPath), "/"), "/")
	if !slices.Contains(hook.Sources(), source) {
		source = "other"
	}
	h.o.CountUnknown(source)
	endpoint = strings.TrimSuffix(endpoint, "/")
	if subject.CheckToken(endpoint) != nil || len(endpoint) > topology.MaxEndpoint {
		endpoint = "" // whatever was written there
	}
	if calls := h.nowhere.count(h.o.Clock.Now()); calls > 0 {
		h.o.Log.Warn("a call came for no endpoint; compare its address at the source with collector.hooks",
			zap.String("source", source), zap.String("endpoint", endpoint), zap.Int64("calls", calls))
	}
}

// count returns how many calls are to be spoken of, 0 while enough was said.
func (n *nowhere) count(now time.Time) int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls++
	if now.Before(n.silent) {
		return 0
	}
	calls := n.calls
	n.silent, n.calls = now.Add(sayUnknown), 0
	return calls
}
