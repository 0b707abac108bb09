package redisindex

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

const (
	// settleBatch is how many entries of each sort (ended holds, passed delays,
	// too early heads) one script moves.
	settleBatch = 128
	// settleRounds is how often a reservation lets time move entries before it
	// takes the best that is ready by then. After some 8,000 moves the order
	// waits, not the agent.
	settleRounds = 64
)

// First elements of the replies.
const (
	replyHeld = "held"
	replyBest = "best"
	replyMore = "more"
	replyNone = "none"
)

// Reserve implements queue.Index. Within a queue the order is exact; over
// several it is as of the peek. The same question asked twice at the same
// moment over several queues may hold an entry in each; the hold that nobody
// uses ends by itself.
func (x *Index) Reserve(ctx context.Context, r queue.Reservation) (queue.Entry, error) {
	e, found, err := x.reserve(ctx, r)
	if err != nil {
		return queue.Entry{}, fmt.Errorf("index reserve: %w", err)
	}
	if found {
		return e, nil
	}
	complete, err := x.client.HExists(ctx, x.keys.meta(), fieldSeq).Result()
	switch {
	case err != nil:
		return queue.Entry{}, fmt.Errorf("index reserve: %w", err)
	case !complete:
		return queue.Entry{}, fmt.Errorf("index reserve: %w", queue.ErrIndexIncomplete)
	default:
		return queue.Entry{}, fmt.Errorf("index reserve: %w", queue.ErrNoneReady)
	}
}

func (x *Index) reserve(ctx context.Context, r queue.Reservation) (queue.Entry, bool, error) {
	s := search{Reservation: r, x: x, now: order.Nanos(r.Now), question: question(r)}
	wanted, others, err := s.queues(ctx)
	if err != nil {
		return queue.Entry{}, false, err
	}
	if len(wanted) == 1 && len(others) == 0 {
		return s.take(ctx, wanted[0])
	}
	offers, held, err := s.peek(ctx, wanted, others)
	if err != nil || held != nil {
		return first(held), held != nil, err
	}
	for _, o := range offers {
		if e, found, err := s.take(ctx, o.queue); found || err != nil {
			return e, found, err
		}
	}
	return queue.Entry{}, false, nil
}

// question is the agent's request as one word; empty when it has no id.
func question(r queue.Reservation) string {
	if r.RequestID == "" {
		return ""
	}
	return url.QueryEscape(r.Agent) + "/" + url.QueryEscape(r.RequestID)
}

// search is one reservation under way.
type search struct {
	queue.Reservation
	x        *Index
	now      int64
	question string
}

// queues are the wanted ones, and the others where the same question may have
// been answered.
func (s *search) queues(ctx context.Context) (wanted, others []string, err error) {
	wanted = slices.Compact(slices.Sorted(slices.Values(s.Queues)))
	if len(wanted) > 0 && s.question == "" {
		return wanted, nil, nil
	}
	known, err := s.x.queues(ctx)
	if err != nil || len(wanted) == 0 {
		return known, nil, err
	}
	for _, name := range known {
		if !slices.Contains(wanted, name) {
			others = append(others, name)
		}
	}
	return wanted, others, nil
}

// take holds the best entry of one queue.
func (s *search) take(ctx context.Context, name string) (queue.Entry, bool, error) {
	ends := order.Nanos(s.Now.Add(s.Hold))
	for round := 0; ; round++ {
		force := "0"
		if round >= settleRounds {
			force = "1"
		}
		replies, err := s.x.run(ctx, call{script: reserveScript, queue: name, args: []any{
			strconv.FormatInt(s.now, 10), strconv.FormatInt(ends, 10), s.question, settleBatch, force,
		}})
		if err != nil {
			return queue.Entry{}, false, err
		}
		a, err := readAnswer(name, replies[0])
		if err != nil || a.word != replyMore {
			return first(a.entry), a.word == replyHeld, err
		}
	}
}

// answer is a script's reply about one queue: a word, and the entry it is about.
type answer struct {
	queue string
	word  string
	entry *queue.Entry
}

var errAnswer = errors.New("the index's script answered what it never does")

func readAnswer(name string, reply *redis.Cmd) (answer, error) {
	words, err := reply.StringSlice()
	if err != nil {
		return answer{}, err
	}
	a := answer{queue: name}
	switch len(words) {
	case 1:
		a.word = words[0]
		return a, nil
	case 3:
		e, err := decode(name, words[1], words[2])
		a.word, a.entry = words[0], &e
		return a, err
	default:
		return answer{}, errAnswer
	}
}

func first(e *queue.Entry) queue.Entry {
	if e == nil {
		return queue.Entry{}
	}
	return *e
}

// peek asks all wanted queues for their best, in one round trip or, where time
// has much to move, in some. It returns those that have one, best first; or
// the entry that the question got before, from any queue.
func (s *search) peek(ctx context.Context, wanted, others []string) (offers []answer, held *queue.Entry, err error) {
	now := strconv.FormatInt(s.now, 10)
	asked := callEach(askedScript, others, now, s.question)
	for round := 0; len(wanted) > 0 || len(asked) > 0; round++ {
		calls := append(callEach(peekScript, wanted, now, s.question, settleBatch), asked...)
		replies, err := s.x.run(ctx, calls...)
		if err != nil {
			return nil, nil, err
		}
		asked, wanted = nil, nil
		for i, c := range calls {
			a, err := readAnswer(c.queue, replies[i])
			switch {
			case err != nil:
				return nil, nil, err
			case a.word == replyHeld:
				held = a.entry
			case a.word == replyMore && round < settleRounds:
				wanted = append(wanted, c.queue)
			case a.word != replyNone:
				offers = append(offers, a)
			}
		}
		if held != nil {
			return nil, held, nil
		}
	}
	slices.SortFunc(offers, compareOffers)
	return offers, nil, nil
}

// compareOffers orders as the ready sets do, by rank as a double and then by id;
// a queue that could not name its best yet comes last.
func compareOffers(a, b answer) int {
	switch {
	case a.entry == nil || b.entry == nil:
		return cmp.Compare(missing(a.entry), missing(b.entry))
	default:
		return cmp.Or(
			cmp.Compare(float64(a.entry.Rank), float64(b.entry.Rank)),
			cmp.Compare(a.entry.ID, b.entry.ID),
		)
	}
}

func missing(e *queue.Entry) int {
	if e == nil {
		return 1
	}
	return 0
}
