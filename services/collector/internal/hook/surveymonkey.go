package hook

import (
	"context"
	"crypto/sha1" //nolint:gosec // SurveyMonkey's choice
	"encoding/base64"
	"errors"
	"strings"
	"sync"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// SurveyMonkey signs the body under "<client id>&<secret>", and tells ids only: the
// response is asked for, and the survey for what its choices are called and worth.
// https://github.com/SurveyMonkey/public_api_docs
var surveyMonkey = source{
	api: "https://api.surveymonkey.com",
	check: func(c Config, add func(string, string)) {
		if c.ClientID == "" && !c.AllowUnsigned {
			add("client_id", "is required: the application's client id, which SurveyMonkey signs with")
		}
	},
	verify: func(_ context.Context, e *Endpoint, c Call) error {
		s, err := single(c.Header, "Sm-Signature")
		if err != nil {
			return err
		}
		got, err := decoded(base64.StdEncoding.DecodeString, s)
		if err != nil {
			return err
		}
		return anyOf(e.secrets, got, func(secret string) []byte {
			return mac(sha1.New, []byte(e.config.ClientID+"&"+secret), string(c.Body))
		})
	},
	split: func(e *Endpoint, c Call) ([]Push, error) {
		pushes, err := smWhole(e, c)
		if err != nil {
			return nil, err
		}
		doc, err := mapping.Document(c.Body)
		if err != nil {
			return nil, bodyError(err)
		}
		// A response that was deleted has nothing to be asked for; other events are about
		// collectors and surveys.
		if kind := smKind.First(doc); !strings.HasPrefix(kind, "response_") || kind == "response_deleted" {
			return nil, nil
		}
		return pushes, nil
	},
	said: mapping.NewPaths("response.date_modified"),
	fetch: func(ctx context.Context, e *Endpoint, push any) ([]any, error) {
		survey, response := smSurvey.First(push), smResponse.First(push)
		if survey == "" || response == "" {
			return nil, bodyError(errors.New("it names no survey and response"))
		}
		details, err := e.api.get(ctx, bearer, nil, "v3", "surveys", survey, "responses", response, "details")
		if err != nil {
			return nil, err
		}
		answers, err := e.api.smAnswers(ctx, survey, details)
		if err != nil {
			return nil, err
		}
		return []any{mapping.Object("push", push, "response", details, "answers", answers)}, nil
	},
}

var (
	smWhole    = whole("event_id", "object_id")
	smKind     = mapping.NewPaths("event_type")
	smSurvey   = mapping.NewPaths("resources.survey_id")
	smResponse = mapping.NewPaths("object_id")
	smPages    = mapping.NewPaths("pages[*].questions[*]")
	smID       = mapping.NewPaths("id")
	smAnswered = mapping.NewPaths("answers[*]")
	smChoices  = mapping.NewPaths("answers.choices[*]")
	smOther    = mapping.NewPaths("answers.other")
	smChoice   = mapping.NewPaths("choice_id")
	smOtherID  = mapping.NewPaths("other_id")
	smText     = mapping.NewPaths("text")
	smWeight   = mapping.NewPaths("weight")
	smPosition = mapping.NewPaths("position")
)

// smAnswers makes of a response's ids what they stand for, by question.
func (a *API) smAnswers(ctx context.Context, survey string, details any) (any, error) {
	def, cached, err := a.definition(ctx, survey, true)
	if err != nil {
		return nil, err
	}
	answers, complete := resolve(def, details)
	if !complete && cached { // the survey has changed since
		if def, _, err = a.definition(ctx, survey, false); err != nil {
			return nil, err
		}
		answers, _ = resolve(def, details)
	}
	return answers, nil
}

func (a *API) definition(ctx context.Context, survey string, mayBeOld bool) (d definition, cached bool, err error) {
	if d, has := a.surveys.get(survey); has && mayBeOld {
		return d, true, nil
	}
	doc, err := a.get(ctx, bearer, nil, "v3", "surveys", survey, "details")
	if err != nil {
		return nil, false, err
	}
	d = define(doc)
	a.surveys.put(survey, d)
	return d, false, nil
}

// definition is what a survey's choices are, by question and choice.
type definition map[[2]string]choice

// choice is one; its fields are JSON values, nil when the survey does not say.
type choice struct{ text, weight, position any }

func define(doc any) definition {
	d := definition{}
	for _, q := range smPages.All(doc) {
		id := smID.First(q)
		for _, c := range append(smChoices.All(q), smOther.All(q)...) {
			d[[2]string{id, smID.First(c)}] = choice{text: value(smText, c), weight: value(smWeight, c), position: value(smPosition, c)}
		}
	}
	return d
}

func value(p mapping.Paths, doc any) any {
	if all := p.All(doc); len(all) > 0 {
		return all[0]
	}
	return nil
}

// resolve returns, by question, lists of what was chosen (choice, weight, position) and
// written (text); false when the definition does not know a choice.
func resolve(d definition, details any) (answers any, complete bool) {
	complete = true
	var pairs []any
	for _, q := range smPages.All(details) {
		id := smID.First(q)
		var texts, choices, weights, positions []any
		for _, a := range smAnswered.All(q) {
			if t := value(smText, a); t != nil {
				texts = append(texts, t)
			}
			chosen := smChoice.First(a)
			if chosen == "" {
				chosen = smOtherID.First(a)
			}
			if chosen == "" {
				continue
			}
			c, known := d[[2]string{id, chosen}]
			complete = complete && known
			choices, weights, positions = append(choices, c.text), append(weights, c.weight), append(positions, c.position)
		}
		pairs = append(pairs, id, mapping.Object("text", texts, "choice", choices, "weight", weights, "position", positions))
	}
	return mapping.Object(pairs...), complete
}

// maxSurveys bounds how many surveys' definitions are remembered.
const maxSurveys = 100

// surveys remembers definitions: the last ones asked for, roughly.
type surveys struct {
	mu    sync.Mutex
	known map[string]definition
	order []string
}

func newSurveys() *surveys { return &surveys{known: map[string]definition{}} }

func (s *surveys) get(id string) (definition, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, has := s.known[id]
	return d, has
}

func (s *surveys) put(id string, d definition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, has := s.known[id]; !has {
		s.order = append(s.order, id)
	}
	s.known[id] = d
	if len(s.order) > maxSurveys {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
}
