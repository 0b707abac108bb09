package cli

import "strings"

// reportWords are what a rehearsal's report says, in one language.
type reportWords struct {
	Versions, Nothing, Read, Unreadable string

	Rules, Metrics, Raised, Customers, Examples, Queues, Fallbacks, Spells []string

	Answers                                           string // of answers that a rule failed on
	All, Now, Draft, TheDraft, InForce                string
	Estimated, ByBoth, OnlyDraft, OnlyInForce         string
	Grows, InTime, HeldBack, DoNotCall                string
	Assumed, NoStaff, Unknown, Percent, Decimal, Each string
	AnswersASecond, Left                              string // of the bar
}

var reportFrench = reportWords{
	Versions: "projet %s, à côté de %s, en vigueur", Nothing: "il n'y a pas de réponse de cette période",
	Read: "%s réponses lues, du %s au %s (%s jours)", Unreadable: "dont %s illisibles",
	Rules:     []string{"RÈGLE", "GRAVITÉ", "ALERTES PAR JOUR EN VIGUEUR", "PROJET", "ÉCHECS"},
	Metrics:   []string{"RÈGLE SUR INDICATEUR", "GRAVITÉ", "ALERTES EN VIGUEUR", "PROJET", "INDICATEURS"},
	Raised:    []string{"DÉBUT", "FIN", "RÈGLE SUR INDICATEUR", "SÉRIE", "VALEUR", "À CÔTÉ DE", "RÉPONSES", "À CÔTÉ DE"},
	Customers: []string{"CLIENTS RAPPELÉS"}, Examples: []string{"CLIENT", "RAPPELÉ SEULEMENT PAR", "RÈGLE"},
	Queues:    []string{"FILE", "RÈGLES", "RAPPELS PAR JOUR", "OCCUPATION", "ATTENTE MOYENNE", "DANS LES TEMPS", "AGENTS", "IL EN FAUT"},
	Fallbacks: []string{"REPLI", "RÈGLES", "FILE", "DÉBUTS", "DURÉE EN TOUT", "PART DU TEMPS", "RETENUS PAR JOUR", "AUTRE FILE PAR JOUR", "RAPPELÉS ENSUITE PAR JOUR"},
	Spells:    []string{"DÉBUT", "FIN", "REPLI", "RÈGLES"},
	Answers:   "%s réponses", All: "toutes", Now: "en vigueur", Draft: "projet", TheDraft: "le projet", InForce: "les règles en vigueur",
	Estimated: " (estimation)", ByBoth: "par les deux", OnlyDraft: "seulement par le projet", OnlyInForce: "seulement par les règles en vigueur",
	Grows: "croît de %s par jour", InTime: "%s en %s", HeldBack: "retenus : rappelés il y a peu", DoNotCall: "à ne pas rappeler",
	Assumed: "On suppose qu'un rappel reste ouvert %s et que les rappels viennent régulièrement, %s heures par jour.",
	NoStaff: "L'attente n'est pas connue sans --agents et --pace, ou --staff.",
	Unknown: "On ne sait pas qui travaille dans la file %s : ses replis sont laissés de côté (--agents et --pace, ou --staff).",
	Percent: "%s\u00a0%%", Decimal: ",", Each: "\u00a0", AnswersASecond: " réponses/s", Left: "encore %s",
}

var reportEnglish = reportWords{
	Versions: "draft %s, beside %s in force", Nothing: "there are no answers from that time",
	Read: "%s answers read, of %s to %s (%s days)", Unreadable: "%s of them could not be read",
	Rules:     []string{"RULE", "SEVERITY", "ALERTS A DAY NOW", "DRAFT", "FAILED"},
	Metrics:   []string{"METRIC RULE", "SEVERITY", "ALERTS NOW", "DRAFT", "FIGURES"},
	Raised:    []string{"RAISED", "ENDED", "METRIC RULE", "SERIES", "FIGURE", "BESIDE", "ANSWERS", "BESIDE"},
	Customers: []string{"CUSTOMERS CALLED"}, Examples: []string{"CUSTOMER", "CALLED ONLY BY", "RULE"},
	Queues:    []string{"QUEUE", "RULES", "CALLBACKS A DAY", "BUSY", "MEAN WAIT", "IN TIME", "AGENTS", "NEEDED"},
	Fallbacks: []string{"FALLBACK", "RULES", "QUEUE", "BEGAN", "APPLIED IN ALL", "OF THE TIME", "HELD BACK A DAY", "OTHER QUEUE A DAY", "CALLED AFTERWARDS A DAY"},
	Spells:    []string{"BEGAN", "ENDED", "FALLBACK", "RULES"},
	Answers:   "%s answers", All: "all", Now: "now", Draft: "draft", TheDraft: "the draft", InForce: "the rules in force",
	Estimated: " (estimated)", ByBoth: "by both", OnlyDraft: "only by the draft", OnlyInForce: "only by the rules in force",
	Grows: "grows by %s a day", InTime: "%s in %s", HeldBack: "held back: called lately", DoNotCall: "not to be called",
	Assumed: "A callback is taken to be open for %s; callbacks to come evenly over %s hours a day.",
	NoStaff: "How long somebody waits is not known without --agents and --pace, or --staff.",
	Unknown: "Who works in the queue %s is not known: its fallbacks are left out (--agents and --pace, or --staff).",
	Percent: "%s %%", Decimal: ".", Each: ",", AnswersASecond: " answers/s", Left: "%s left",
}

func reportWordsOf(w *words) *reportWords {
	if w == &english {
		return &reportEnglish
	}
	return &reportFrench
}

// number writes a figure as the language does, of one with a point and with commas between
// thousands.
func (w *reportWords) number(english string) string {
	return strings.NewReplacer(".", w.Decimal, ",", w.Each).Replace(english)
}

func (w *reportWords) whole(n uint64) string   { return w.number(whole(n)) }
func (w *reportWords) perDay(v float64) string { return w.number(perDay(v)) }

// percent is a share as a number of hundredths.
func (w *reportWords) percent(english string) string { return fill(w.Percent, w.number(english)) }
