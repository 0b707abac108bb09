package wire

import (
	"slices"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// wordsOf is what was found in all verbatims of a response, in short: the worst sentiment,
// and each theme and intent once.
func wordsOf(s *eventsv1.Score) callback.Words {
	w := callback.Words{Priority: s.GetPriority(), Disagreement: named(int32(s.GetDisagreement()), eventsv1.Disagreement_name)}
	worst := eventsv1.Sentiment_LABEL_UNSPECIFIED
	for _, v := range s.GetVerbatims() {
		worst = worseOf(worst, v.GetSentiment().GetLabel())
		for _, t := range v.GetThemes() {
			w.Themes = withTheme(w.Themes, fromTheme(t))
		}
		for _, i := range v.GetIntents() {
			if name := named(int32(i.GetIntent()), eventsv1.Intent_name); !slices.Contains(w.Intents, name) {
				w.Intents = append(w.Intents, name)
			}
		}
	}
	w.Sentiment = named(int32(worst), eventsv1.Sentiment_Label_name)
	return w
}

// worseOf is the one of two that needs attention: negative, then positive, which says more
// than neutral.
func worseOf(a, b eventsv1.Sentiment_Label) eventsv1.Sentiment_Label {
	for _, l := range []eventsv1.Sentiment_Label{eventsv1.Sentiment_NEGATIVE, eventsv1.Sentiment_POSITIVE, eventsv1.Sentiment_NEUTRAL} {
		if a == l || b == l {
			return l
		}
	}
	return eventsv1.Sentiment_LABEL_UNSPECIFIED
}

// withTheme adds a theme, or makes one that is there negative.
func withTheme(themes []callback.Theme, t callback.Theme) []callback.Theme {
	i := slices.IndexFunc(themes, func(was callback.Theme) bool { return was.Name == t.Name })
	switch {
	case i < 0 && len(themes) < callback.MaxThemes:
		return append(themes, t)
	case i >= 0 && (t.Polarity == eventsv1.Sentiment_NEGATIVE.String() || themes[i].Polarity == ""):
		themes[i].Polarity = t.Polarity
	}
	return themes
}

func fromTheme(t *eventsv1.ThemeFound) callback.Theme {
	return callback.Theme{
		Name: t.GetTheme(), Dimension: named(int32(t.GetDimension()), eventsv1.Dimension_name),
		Polarity: named(int32(t.GetPolarity()), eventsv1.Sentiment_Label_name),
	}
}

// named is an enum's value in the domain's words; empty for the one that says nothing, and
// for one of a later version.
func named(value int32, names map[int32]string) string {
	if value == 0 {
		return ""
	}
	return names[value]
}

// putWords writes what was found into a reason.
func putWords(m *eventsv1.Reason, w *callback.Words) {
	m.Sentiment = eventsv1.Sentiment_Label(eventsv1.Sentiment_Label_value[w.Sentiment])
	m.Disagreement = eventsv1.Disagreement(eventsv1.Disagreement_value[w.Disagreement])
	m.RecoveryPriority = w.Priority
	for _, t := range w.Themes {
		m.Themes = append(m.Themes, &eventsv1.ThemeFound{
			Theme: t.Name, Dimension: eventsv1.Dimension(eventsv1.Dimension_value[t.Dimension]),
			Polarity: eventsv1.Sentiment_Label(eventsv1.Sentiment_Label_value[t.Polarity]),
		})
	}
	for _, i := range w.Intents {
		m.Intents = append(m.Intents, eventsv1.Intent(eventsv1.Intent_value[i]))
	}
}

// fromWords reads what putWords wrote.
func fromWords(m *eventsv1.Reason) callback.Words {
	w := callback.Words{
		Sentiment:    named(int32(m.GetSentiment()), eventsv1.Sentiment_Label_name),
		Disagreement: named(int32(m.GetDisagreement()), eventsv1.Disagreement_name), Priority: m.GetRecoveryPriority(),
	}
	for _, t := range m.GetThemes() {
		w.Themes = append(w.Themes, fromTheme(t))
	}
	for _, i := range m.GetIntents() {
		w.Intents = append(w.Intents, named(int32(i), eventsv1.Intent_name))
	}
	return w
}
