package projection

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Received tells of an answer, or of the next revision of one.
func (p *Projector) Received(o Origin, e *eventsv1.ResponseReceived) (Projected, error) {
	t := feedevent.ResponseReceived
	if e.GetRevision() > 1 {
		t = feedevent.ResponseCorrected
	}
	data := p.response(e)
	for _, a := range e.GetResponse().GetAnswers() {
		if m := word(a.GetMetric()); m != "" {
			data.Answers = append(data.Answers, feedevent.Answer{Metric: m, Value: a.GetValue(), Scale: scale(a.GetScale())})
		}
	}
	return p.ofResponse(o, t, "collector", e.GetReceivedAt(), data)
}

// Scored tells of what was found in an answer, or of a correction of that.
func (p *Projector) Scored(o Origin, e *eventsv1.ResponseScored) (Projected, error) {
	t := feedevent.ResponseScored
	if e.GetCorrection() > 0 {
		t = feedevent.AnalysisCorrected
	}
	return p.ofResponse(o, t, "scorer", e.GetScoredAt(), p.scored(e))
}

// Answered tells of an answer about a callback.
func (p *Projector) Answered(o Origin, e *eventsv1.FollowUpAnswered) (Projected, error) {
	return p.ofResponse(o, feedevent.FollowUpAnswered, "alerting", e.GetAnsweredAt(), p.scored(e.GetScored()))
}

func (p *Projector) ofResponse(o Origin, t feedevent.Type, service string, at *timestamppb.Timestamp, data *feedevent.Response) (Projected, error) {
	e, err := p.envelope(o, t, data.CustomerKey, service, at)
	if err != nil {
		return Projected{}, err
	}
	e.Data = data
	return Projected{Event: e, About: about(data.Survey), Surveys: distinct(nil, data.Survey)}, nil
}

// response is all of a response but its answers.
func (p *Projector) response(e *eventsv1.ResponseReceived) *feedevent.Response {
	r := e.GetResponse()
	data := &feedevent.Response{
		CustomerKey: e.GetCustomerKey(), Survey: token(r.GetSurvey()), ResponseKey: p.Pseudonyms.response(r.GetSurvey(), r.GetId()),
		Revision: e.GetRevision(), Channel: label(r.GetChannel()), Touchpoint: label(r.GetTouchpoint()),
		SubmittedAt: moment(r.GetSubmittedAt()), CallbackRequested: r.GetCallbackRequested(),
		CallbackID: callbackID(r.GetCallbackId()), Attributes: p.attributes(r.GetAttributes()),
	}
	for _, a := range r.GetAnswers() {
		if a.GetVerbatim() != "" {
			data.Verbatims++
		}
	}
	return data
}

func (p *Projector) scored(e *eventsv1.ResponseScored) *feedevent.Response {
	data := p.response(e.GetReceived())
	for _, a := range e.GetScore().GetAnswers() {
		data.Answers = append(data.Answers, *answer(data.Survey, a))
	}
	s := e.GetScore()
	data.Score = &feedevent.Score{
		WorstClass: word(s.GetWorstClass()), Priority: s.GetPriority(), Disagreement: word(s.GetDisagreement()),
		ScorerVersion: token(e.GetScorerVersion()), Correction: e.GetCorrection(),
	}
	if s.GetWorstClass() != eventsv1.Class_CLASS_UNSPECIFIED {
		worst := s.GetWorstSatisfaction()
		data.Score.WorstSatisfaction = &worst
	}
	for _, part := range s.GetPriorityParts() {
		data.Score.PriorityParts = append(data.Score.PriorityParts, feedevent.PriorityPart{Factor: token(part.GetFactor()), Points: part.GetPoints()})
	}
	for _, v := range s.GetVerbatims() {
		data.Score.Verbatims = append(data.Score.Verbatims, verbatim(v))
	}
	return data
}

func answer(survey string, a *eventsv1.AnswerScore) *feedevent.Answer {
	satisfaction := a.GetSatisfaction()
	return &feedevent.Answer{
		Metric: word(a.GetMetric()), Value: a.GetValue(), Scale: scale(a.GetScale()), Class: word(a.GetClass()), Satisfaction: &satisfaction,
		Rule: rule(survey, a),
	}
}

func scale(s *eventsv1.Scale) *feedevent.Scale {
	if s == nil {
		return nil
	}
	return &feedevent.Scale{Min: s.GetMin(), Max: s.GetMax(), LowerIsBetter: s.GetDirection() == eventsv1.Direction_LOWER_IS_BETTER}
}

// verbatim is what was found in a text: labels, and never evidence, which says where in it
// and by which words, nor who corrected it.
func verbatim(v *eventsv1.VerbatimAnalysis) feedevent.Verbatim {
	out := feedevent.Verbatim{
		Status: word(v.GetStatus()), Language: languages[v.GetLanguage()], Sentiment: word(v.GetSentiment().GetLabel()),
		Themes: themes(v.GetThemes()), Version: analysisVersion(v.GetVersion()), Cut: v.GetCut(),
	}
	if s := v.GetSentiment(); s != nil {
		out.Probabilities = &feedevent.Probabilities{Negative: s.GetNegative(), Neutral: s.GetNeutral(), Positive: s.GetPositive()}
	}
	for _, i := range v.GetIntents() {
		out.Intents = distinct(out.Intents, word(i.GetIntent()))
	}
	return out
}

func themes(found []*eventsv1.ThemeFound) []feedevent.Theme {
	var all []feedevent.Theme
	for _, t := range found {
		all = append(all, feedevent.Theme{Dimension: word(t.GetDimension()), Theme: token(t.GetTheme()), Polarity: word(t.GetPolarity())})
	}
	return all
}
