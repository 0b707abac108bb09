package transport

import (
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	scorerv1 "github.com/rappel-loop/rappel/proto/gen/go/api/scorer/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Bounds of a request.
const (
	maxText      = 20_000 // characters, as of a verbatim
	maxID        = 256    // characters of a response's id
	maxVerbatims = 100
	maxThemes    = 50
)

var themeName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// wrong collects what is wrong with a request, so that one answer names it all.
type wrong struct{ rpc.Wrong }

func (w *wrong) text(path, text string, most int) {
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		w.Field(path, "is required")
	case n > most:
		w.Field(path, fmt.Sprintf("has %d characters, at most %d are taken", n, most))
	}
}

func (w *wrong) correctRequest(r *scorerv1.CorrectAnalysisRequest) {
	if err := subject.CheckToken(r.GetSurvey()); err != nil {
		w.Field("survey", err.Error())
	}
	w.text("responseId", r.GetResponseId(), maxID)
	if subject.CheckCustomerKey(r.GetCustomerKey()) != nil {
		w.Field("customerKey", "must be 26 characters of lower-case base32, as callbacks and the feed have it")
	}
	if r.GetVerbatim() >= maxVerbatims {
		w.Field("verbatim", fmt.Sprintf("must be from 0 to %d", maxVerbatims-1))
	}
	w.By(r.GetBy(), true)
	w.correction(r.GetCorrection())
}

func (w *wrong) correction(c *eventsv1.Correction) {
	if c.GetSentiment() == eventsv1.Sentiment_LABEL_UNSPECIFIED && c.GetThemes() == nil && c.GetIntents() == nil {
		w.Field("correction", "must say something: sentiment, themes or intents")
	}
	if _, known := eventsv1.Sentiment_Label_name[int32(c.GetSentiment())]; !known {
		w.Field("correction.sentiment", "must be NEGATIVE, NEUTRAL or POSITIVE")
	}
	if len(c.GetThemes().GetThemes()) > maxThemes {
		w.Field("correction.themes.themes", fmt.Sprintf("must be at most %d", maxThemes))
		return
	}
	seen := map[string]bool{}
	for i, t := range c.GetThemes().GetThemes() {
		w.theme(fmt.Sprintf("correction.themes.themes[%d]", i), t)
		if seen[t.GetTheme()] {
			w.Field(fmt.Sprintf("correction.themes.themes[%d].theme", i), "is there twice")
		}
		seen[t.GetTheme()] = true
	}
	for i, n := range c.GetIntents().GetIntents() {
		path := fmt.Sprintf("correction.intents.intents[%d]", i)
		if _, known := eventsv1.Intent_name[int32(n)]; !known || n == eventsv1.Intent_INTENT_UNSPECIFIED {
			w.Field(path, "is no intent")
		}
		if slices.Index(c.GetIntents().GetIntents(), n) < i {
			w.Field(path, "is there twice")
		}
		if i > len(eventsv1.Intent_name) {
			return // there are not so many; those before were named
		}
	}
}

func (w *wrong) theme(path string, t *eventsv1.ThemeFound) {
	if !themeName.MatchString(t.GetTheme()) {
		w.Field(path+".theme", "must be 1 to 64 letters, digits, _ or -, as delivery_time")
	}
	if _, known := eventsv1.Dimension_name[int32(t.GetDimension())]; !known || t.GetDimension() == eventsv1.Dimension_DIMENSION_UNSPECIFIED {
		w.Field(path+".dimension", "must be one of the four dimensions")
	}
	if _, known := eventsv1.Sentiment_Label_name[int32(t.GetPolarity())]; !known {
		w.Field(path+".polarity", "must be NEGATIVE, NEUTRAL or POSITIVE, or absent")
	}
	if len(t.GetEvidence()) > 0 {
		w.Field(path+".evidence", "is the scorer's to give")
	}
}
