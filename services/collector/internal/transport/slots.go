package transport

import (
	"sync"

	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Bounds of uploads at once: an upload may last for hours, as long as it moves.
const (
	maxUploads   = 16 // of all
	maxPerSender = 4
)

// slots are the places for uploads.
type slots struct {
	mu   sync.Mutex
	all  int
	each map[string]int // by sender
}

// take gives a sender one, and how to give it back; false when there is none.
func (s *slots) take(who string) (release func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= maxUploads || s.each[who] >= maxPerSender {
		return nil, false
	}
	if s.each == nil {
		s.each = map[string]int{}
	}
	s.all++
	s.each[who]++
	return func() { s.giveBack(who) }, true
}

func (s *slots) giveBack(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.each[who]--; s.each[who] == 0 {
		delete(s.each, who)
	}
}

func (o Options) tooManyUploads() error {
	return rpc.TryLater(codes.ResourceExhausted, "TOO_MANY_UPLOADS", "too many files are being sent at this moment, by this sender or by all; nothing was stored", o.RetryAfter)
}
