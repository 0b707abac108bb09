package verbatim

// Intent is what a customer wants or announces, whatever they are about.
type Intent uint8

// The intents, numbered as in the events.
const (
	// ChurnRisk: they leave, cancel, or will not come back.
	ChurnRisk Intent = iota + 1
	// LegalThreat: a lawyer, a court, a consumer authority, a formal notice.
	LegalThreat
	// RefundAsked: they ask for money back, or for compensation.
	RefundAsked
	// CallbackAsked: they ask to be called or contacted.
	CallbackAsked
	// Urgent: something cannot wait.
	Urgent
	// Safety: somebody is, or was, in danger.
	Safety
	// StaffPraised: they praise somebody who works here.
	StaffPraised
	// Suggestion: they propose something for the future.
	Suggestion
	// intents is one more than the last.
	intents
)

var intentNames = [intents]string{
	"", "churn_risk", "legal_threat", "refund_asked", "callback_asked", "urgent", "safety", "staff_praised", "suggestion",
}

// String is as it stands in results and in the data; empty for none.
func (i Intent) String() string {
	if i >= intents {
		return ""
	}
	return intentNames[i]
}

// IntentFound is an intent of a text.
type IntentFound struct {
	Intent Intent
	// Evidence is where, in the order of the text. Strength and Polarity are 0.
	Evidence []Finding
}

// enough is what the weights of a sentence must sum to for an intent. Entries of
// one line count once, so that a line is a list of ways to say one thing.
const enough = 0.99

// wantsOf finds the intents, sentence by sentence.
func (a *Analyser) wantsOf(s *Scratch, tone Sentiment) {
	if len(s.lines) <= int(a.families) { // line numbers begin at 1
		s.lines = make([]int32, a.families+1)
	}
	for from := 0; from < len(s.hits); {
		to, until := from, s.sentenceEnd(s.hits[from].from)
		for to < len(s.hits) && s.hits[to].from < until {
			to++
		}
		asked := int(until) < len(s.tokens) && s.tokens[until].Has(Question)
		a.weigh(s, s.hits[from:to], tone, asked)
		from = to
	}
	s.gatherIntents(a)
}

// sentenceEnd is the token that ends the sentence of another.
func (s *Scratch) sentenceEnd(token int32) int32 {
	i := int(token)
	for i < len(s.tokens) && !s.tokens[i].Has(Ends) {
		i++
	}
	return int32(i)
}

// weigh drops the hits of intents that a sentence does not have.
func (a *Analyser) weigh(s *Scratch, hits []hit, tone Sentiment, asked bool) {
	sums := beginning(tone, asked)
	s.sentence++
	for i := range hits {
		e := &a.entries[hits[i].entry]
		if e.effect != want || hits[i].dropped {
			continue
		}
		if denied := e.factor > 0 && e.traits&firm == 0 && s.denied(&hits[i]); denied || e.traits&praised != 0 && !hits[i].praises(tone.Label) {
			hits[i].dropped = true
			s.refused[e.intent] = s.refused[e.intent] || denied
			continue
		}
		s.refused[e.intent] = s.refused[e.intent] || e.factor < 0
		if s.lines[e.family] != s.sentence {
			s.lines[e.family] = s.sentence
			sums[e.intent] += e.factor
		}
	}
	for in := range sums {
		s.leanings[in] = max(s.leanings[in], sums[in])
	}
	for i := range hits {
		e := &a.entries[hits[i].entry]
		if e.effect == want && (sums[e.intent] < enough || e.factor <= 0) {
			hits[i].dropped = true
		}
	}
}

// beginning is what the weights begin with, by how the text sounds. A question
// whether to leave is not a wish to.
func beginning(tone Sentiment, asked bool) (sums [intents]float32) {
	if tone.Label == Negative {
		sums[ChurnRisk], sums[RefundAsked] = unhappy, unhappy
	}
	if tone.Label == Positive {
		sums[Urgent] = -content
	}
	if tone.Score > 0.5 || asked {
		sums[ChurnRisk] = -content
	}
	return sums
}

// content is what more it takes in the text of somebody satisfied: they tell what
// was urgent and went well, and whom they left for us.
const content = 0.5

// unhappy is what less it takes in the text of somebody who is not: "ailleurs" is
// then where they go.
const unhappy = 0.4

// praiseLeast is how good what bears on somebody must be to be praise, in a text
// that is not good as a whole.
const praiseLeast = 1.4

func (h *hit) praises(tone Label) bool {
	return tone == Positive && h.value > 0 || h.value >= praiseLeast
}

// gatherIntents makes intents of the hits that are left.
func (s *Scratch) gatherIntents(a *Analyser) {
	for in := ChurnRisk; in < intents; in++ {
		from := len(s.evidence)
		for i := range s.hits {
			if e := &a.entries[s.hits[i].entry]; e.effect == want && e.intent == in && !s.hits[i].dropped {
				s.evidence = prove(s.evidence, from, s.finding(&s.hits[i], 0, 0))
			}
		}
		if len(s.evidence) > from {
			s.intents = append(s.intents, IntentFound{Intent: in, Evidence: s.evidence[from:len(s.evidence):len(s.evidence)]})
		}
	}
}

// prove adds a finding to those from an index on, unless it lies in the last, or
// the last in it.
func prove(evidence []Finding, from int, f Finding) []Finding {
	if n := len(evidence); n > from {
		last := &evidence[n-1]
		if f.End <= last.End {
			return evidence
		}
		if f.Start == last.Start {
			*last = f
			return evidence
		}
	}
	return append(evidence, f)
}
