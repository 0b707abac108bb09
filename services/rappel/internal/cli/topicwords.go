package cli

import (
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/wording"
)

// topicWords are what is found in verbatims, in one language. Every field must be filled,
// with the same names in both: a test holds them to it.
type topicWords struct {
	Sentiments map[eventsv1.Sentiment_Label]string
	Intents    map[eventsv1.Intent]string
	Dimensions map[eventsv1.Dimension]string
	// Themes are those that are shipped, by name; others are shown as they are written.
	Themes map[string]string
	// Disagrees says that score and words disagree; Corrected that somebody corrected it.
	Disagrees, Corrected string
}

// topics are the words of a language.
func (w *words) topics() *topicWords {
	if w == &english {
		return &englishTopics
	}
	return &frenchTopics
}

// theme is a theme's name with how it is spoken of, as "délai de livraison −".
func (t *topicWords) theme(m *eventsv1.ThemeFound) string {
	name := t.Themes[m.GetTheme()]
	if name == "" {
		name = strings.ReplaceAll(oneLine(m.GetTheme()), "_", " ")
	}
	switch m.GetPolarity() {
	case eventsv1.Sentiment_NEGATIVE:
		return name + " −"
	case eventsv1.Sentiment_POSITIVE:
		return name + " +"
	case eventsv1.Sentiment_NEUTRAL, eventsv1.Sentiment_LABEL_UNSPECIFIED:
	}
	return name
}

// found is what was found in the words of a reason: how they sound, what they are about, and
// what the customer wants.
func (c *card) found(r *eventsv1.Reason) {
	t := c.w.topics()
	var about, wants []string
	for _, m := range r.GetThemes() {
		about = append(about, t.theme(m))
	}
	for _, i := range r.GetIntents() {
		wants = append(wants, t.Intents[i])
	}
	parts := nonEmpty([]string{t.Sentiments[r.GetSentiment()], strings.Join(about, ", "), strings.Join(nonEmpty(wants), ", ")})
	if r.GetCorrection() > 0 && len(parts) > 0 {
		parts = append(parts, t.Corrected)
	}
	if len(parts) > 0 {
		for _, l := range wrap("→ "+strings.Join(parts, " · "), c.width-5) {
			c.line("     " + c.style.dim(l))
		}
	}
	if r.GetDisagreement() != eventsv1.Disagreement_DISAGREEMENT_UNSPECIFIED {
		c.line("     " + c.style.bold(t.Disagrees))
	}
}

var frenchTopics = topicWords{
	Sentiments: map[eventsv1.Sentiment_Label]string{
		eventsv1.Sentiment_NEGATIVE: "négatif", eventsv1.Sentiment_NEUTRAL: "neutre ou incertain", eventsv1.Sentiment_POSITIVE: "positif",
	},
	Intents: map[eventsv1.Intent]string{
		eventsv1.Intent_CHURN_RISK: "risque de départ", eventsv1.Intent_LEGAL_THREAT: "menace juridique",
		eventsv1.Intent_REFUND_ASKED: "remboursement demandé", eventsv1.Intent_CALLBACK_ASKED: "demande à être rappelé",
		eventsv1.Intent_URGENT: "urgent", eventsv1.Intent_SAFETY: "sécurité", eventsv1.Intent_STAFF_PRAISED: "salarié félicité",
		eventsv1.Intent_SUGGESTION: "suggestion",
	},
	Dimensions: map[eventsv1.Dimension]string{
		eventsv1.Dimension_PRODUCT_SERVICE_QUALITY:    "qualité du produit ou du service",
		eventsv1.Dimension_COMMUNICATION_RELATIONSHIP: "communication et relation",
		eventsv1.Dimension_RESPONSIVENESS_AFTER_SALES: "réactivité et après-vente",
		eventsv1.Dimension_OVERALL_EXPERIENCE:         "expérience globale",
	},
	Themes:    wording.Themes("fr"),
	Disagrees: "La note et les mots ne disent pas la même chose : à regarder.", Corrected: "analyse corrigée",
}

var englishTopics = topicWords{
	Sentiments: map[eventsv1.Sentiment_Label]string{
		eventsv1.Sentiment_NEGATIVE: "negative", eventsv1.Sentiment_NEUTRAL: "neutral or uncertain", eventsv1.Sentiment_POSITIVE: "positive",
	},
	Intents: map[eventsv1.Intent]string{
		eventsv1.Intent_CHURN_RISK: "may leave", eventsv1.Intent_LEGAL_THREAT: "legal threat", eventsv1.Intent_REFUND_ASKED: "asks for a refund",
		eventsv1.Intent_CALLBACK_ASKED: "asks to be called", eventsv1.Intent_URGENT: "urgent", eventsv1.Intent_SAFETY: "safety",
		eventsv1.Intent_STAFF_PRAISED: "praises staff", eventsv1.Intent_SUGGESTION: "suggestion",
	},
	Dimensions: map[eventsv1.Dimension]string{
		eventsv1.Dimension_PRODUCT_SERVICE_QUALITY:    "quality of product or service",
		eventsv1.Dimension_COMMUNICATION_RELATIONSHIP: "communication and relationship",
		eventsv1.Dimension_RESPONSIVENESS_AFTER_SALES: "responsiveness and after-sales",
		eventsv1.Dimension_OVERALL_EXPERIENCE:         "overall experience",
	},
	Themes:    wording.Themes("en"),
	Disagrees: "Score and words say different things: have a look.", Corrected: "corrected",
}
