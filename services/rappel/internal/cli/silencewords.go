package cli

import alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"

// silenceWords are what a person reads of silences and of groups of alerts, in one language.
type silenceWords struct {
	States                                            map[alertingv1.SilenceView_State]string
	Columns, GroupColumns                             []string
	None, NotNow, Added, Expired, NeedMatch, NeedID   string
	NeedComment, NeedEnd, NeedEvery, BadTime, NoGroup string
	Never, DueNow                                     string
}

func silenceWordsOf(w *words) *silenceWords {
	if w == &english {
		return &silenceEnglish
	}
	return &silenceFrench
}

var silenceFrench = silenceWords{
	States: map[alertingv1.SilenceView_State]string{
		alertingv1.SilenceView_ACTIVE: "en cours", alertingv1.SilenceView_PENDING: "à venir", alertingv1.SilenceView_ENDED: "terminé",
	},
	Columns:      []string{"SILENCE", "ÉTAT", "DÉBUT", "FIN", "ALERTES", "PAR", "POURQUOI", "CE QUI EST TU"},
	GroupColumns: []string{"GROUPE", "GRAVITÉ", "ROUTE", "ACTIVES", "PRISES EN CHARGE", "RETENUES", "PRÉVENUS", "PROCHAINE FOIS", "COMMUN"},
	None:         "Aucun silence.", NotNow: "en cours, pas à cette heure",
	Added:   "%s : du %s au %s. Alertes retenues en ce moment : %d.",
	Expired: "%s : terminé le %s.", NeedMatch: "Dites ce qu'il faut taire : --match theme=delivery_time",
	NeedID: "Dites de quel silence il s'agit : %s silences expire ID", NeedComment: "Dites pourquoi : --comment",
	NeedEnd: "Dites jusqu'à quand : --for ou --until, l'un des deux", NeedEvery: "--zone va avec --every", BadTime: "%s %s : ce n'est pas un moment, comme 18:00, 2026-12-24 18:00 ou 2h",
	NoGroup: "Aucun groupe.", Never: "jamais", DueNow: "maintenant",
}

var silenceEnglish = silenceWords{
	States: map[alertingv1.SilenceView_State]string{
		alertingv1.SilenceView_ACTIVE: "active", alertingv1.SilenceView_PENDING: "to come", alertingv1.SilenceView_ENDED: "ended",
	},
	Columns:      []string{"SILENCE", "STATE", "FROM", "UNTIL", "ALERTS", "BY", "WHY", "SILENCED"},
	GroupColumns: []string{"GROUP", "SEVERITY", "ROUTE", "FIRING", "ACKNOWLEDGED", "HELD BACK", "TOLD", "NEXT", "IN COMMON"},
	None:         "No silences.", NotNow: "active, not at this hour",
	Added:   "%s: from %s until %s. Alerts held back now: %d.",
	Expired: "%s: ended at %s.", NeedMatch: "Say what to silence: --match theme=delivery_time",
	NeedID: "Say which silence: %s silences expire ID", NeedComment: "Say why: --comment",
	NeedEnd: "Say until when: --for or --until, one of them", NeedEvery: "--zone goes with --every", BadTime: "%s %s: is no moment, as 18:00, 2026-12-24 18:00 or 2h",
	NoGroup: "No groups.", Never: "never", DueNow: "now",
}
