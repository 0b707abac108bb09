package cli

import (
	"strings"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// orders are what an agent types, in both languages, by the letter it comes to.
var orders = map[string]rune{
	"a": 'a', "accept": 'a', "accepter": 'a',
	"r": 'r', "reject": 'r', "refuser": 'r',
	"p": 'p', "pause": 'p',
	"c": 'c', "continue": 'c', "continuer": 'c',
	"q": 'q', "quit": 'q', "quitter": 'q',
	"?": '?', "h": '?', "help": '?', "aide": '?',
}

// obey does what a line says. Without a stream it is kept for the next, if it
// can be.
func (s *shift) obey(l *link, line string) error {
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil
	}
	switch orders[strings.ToLower(words[0])] {
	case 'a':
		return s.answer(l, words[1:], func(cb *eventsv1.Callback, _ string) *callbackv1.WorkCallbacksRequest {
			return &callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Accept_{
				Accept: &callbackv1.WorkCallbacksRequest_Accept{Id: cb.GetId(), Token: cb.GetHolder().GetToken()},
			}}
		})
	case 'r':
		return s.answer(l, words[1:], func(cb *eventsv1.Callback, reason string) *callbackv1.WorkCallbacksRequest {
			return &callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Reject_{
				Reject: &callbackv1.WorkCallbacksRequest_Reject{Id: cb.GetId(), Token: cb.GetHolder().GetToken(), Reason: reason},
			}}
		})
	case 'p':
		return s.goAway(l, true)
	case 'c':
		return s.goAway(l, false)
	case 'q':
		return errLeft
	case '?':
		return s.notice(s.w.WorkHelp)
	default:
		return s.notice(fill(s.w.NoOrder, oneLine(words[0])))
	}
}

// answer answers an open offer: the one that is named, else the oldest.
func (s *shift) answer(l *link, words []string, as func(cb *eventsv1.Callback, reason string) *callbackv1.WorkCallbacksRequest) error {
	if l == nil {
		return s.notice(s.w.NotConnected)
	}
	cb, words := s.meant(words)
	if cb == nil {
		return s.notice(s.w.NoOffer)
	}
	s.answered[cb.GetId()] = cb.GetHolder().GetToken()
	l.say(as(cb, strings.Join(words, " ")))
	return nil
}

// fewLetters is how much of an id names a callback.
const fewLetters = 4

// meant is the open offer that words begin with, and the words after it; the
// oldest one when they name none, nil when none is open.
func (s *shift) meant(words []string) (*eventsv1.Callback, []string) {
	var oldest *eventsv1.Callback
	for _, cb := range s.hand {
		if cb.GetState() != eventsv1.Callback_RESERVED || s.answered[cb.GetId()] == cb.GetHolder().GetToken() {
			continue
		}
		if len(words) > 0 && len(words[0]) >= fewLetters && strings.HasPrefix(cb.GetId(), words[0]) {
			return cb, words[1:]
		}
		if oldest == nil {
			oldest = cb
		}
	}
	return oldest, words
}

// goAway begins or ends a break.
func (s *shift) goAway(l *link, away bool) error {
	if l == nil || s.away == away { // the server has nothing to say to it
		s.away = away
		return s.notice(s.statusText(away))
	}
	s.away = away
	wanted := callbackv1.AgentStatus_AVAILABLE
	if away {
		wanted = callbackv1.AgentStatus_AWAY
	}
	l.say(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Status{Status: wanted}})
	return nil
}

func (s *shift) statusText(away bool) string {
	if away {
		return s.w.OnBreak
	}
	return s.w.BackAtWork
}
