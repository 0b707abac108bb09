package cli

import eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"

// alertWords are what a person reads of alerts, in one language. A test holds both to every
// state, resolution and change.
type alertWords struct {
	States      map[eventsv1.AlertState_State]string
	Severities  map[eventsv1.Severity]string
	Resolutions map[eventsv1.AlertState_Resolution]string
	Changes     map[eventsv1.AlertChanged_Type]string

	Columns                                               []string
	None, NeedID, BadState, BadSeverity, NeedBy, Failed   string
	State, Severity, Rule, Team, About, Labels, Customer  string
	Response, Raised, Expires, Notified, NotTold          string
	Until, Episode, By, Groups, Revision, Compared        string
	Silenced, Inhibited, Muted, ToldNobody, Told, History string
}

func alertWordsOf(w *words) *alertWords {
	if w == &english {
		return &alertEnglish
	}
	return &alertFrench
}

var alertFrench = alertWords{
	States: map[eventsv1.AlertState_State]string{
		eventsv1.AlertState_FIRING: "active", eventsv1.AlertState_ACKNOWLEDGED: "prise en charge", eventsv1.AlertState_RESOLVED: "levée",
	},
	Severities: map[eventsv1.Severity]string{
		eventsv1.Severity_LOW: "faible", eventsv1.Severity_MEDIUM: "moyenne", eventsv1.Severity_HIGH: "grave", eventsv1.Severity_CRITICAL: "critique",
	},
	Resolutions: map[eventsv1.AlertState_Resolution]string{
		eventsv1.AlertState_NO_LONGER_MATCHES: "la règle ne s'applique plus", eventsv1.AlertState_CALLBACK_CLOSED: "le rappel est clos",
		eventsv1.AlertState_BY_HAND: "à la main", eventsv1.AlertState_EXPIRED: "délai écoulé",
	},
	Changes: map[eventsv1.AlertChanged_Type]string{
		eventsv1.AlertChanged_RAISED: "déclenchée", eventsv1.AlertChanged_UPDATED: "mise à jour", eventsv1.AlertChanged_ACKNOWLEDGED: "prise en charge",
		eventsv1.AlertChanged_UNACKNOWLEDGED: "plus prise en charge", eventsv1.AlertChanged_RESOLVED: "levée",
	},
	Columns: []string{"ALERTE", "GRAVITÉ", "ÉTAT", "DEPUIS", "RÈGLE", "CLIENT", "PAR", "OBJET"},
	None:    "Aucune alerte.", NeedID: "Dites de quelle alerte il s'agit : %s alerts %s ID",
	BadState: "--state %s : au choix all, firing, acknowledged, resolved", BadSeverity: "--severity %s : au choix low, medium, high, critical",
	NeedBy: "Dites qui décide : --by, ou RAPPEL_AGENT", Failed: "Alertes sans changement : %d sur %d.",
	State: "État", Severity: "Gravité", Rule: "Règle", Team: "Équipe", About: "Objet", Labels: "Étiquettes", Customer: "Client",
	Response: "Réponse", Raised: "Déclenchée", Expires: "Expire", Notified: "Prévenir", NotTold: "retenue",
	Until: "jusqu'au %s", Episode: "épisode %d", By: "par %s", Groups: "Groupes", Revision: "révision %d", Compared: "contre %s",
	Silenced: "silence %s", Inhibited: "expliquée par %s", Muted: "par les heures %s", ToldNobody: "personne : la règle ne le demande pas",
	Told: "selon les routes", History: "Historique",
}

var alertEnglish = alertWords{
	States: map[eventsv1.AlertState_State]string{
		eventsv1.AlertState_FIRING: "firing", eventsv1.AlertState_ACKNOWLEDGED: "acknowledged", eventsv1.AlertState_RESOLVED: "resolved",
	},
	Severities: map[eventsv1.Severity]string{
		eventsv1.Severity_LOW: "low", eventsv1.Severity_MEDIUM: "medium", eventsv1.Severity_HIGH: "high", eventsv1.Severity_CRITICAL: "critical",
	},
	Resolutions: map[eventsv1.AlertState_Resolution]string{
		eventsv1.AlertState_NO_LONGER_MATCHES: "no longer matches", eventsv1.AlertState_CALLBACK_CLOSED: "its callback was closed",
		eventsv1.AlertState_BY_HAND: "by hand", eventsv1.AlertState_EXPIRED: "its time was over",
	},
	Changes: map[eventsv1.AlertChanged_Type]string{
		eventsv1.AlertChanged_RAISED: "raised", eventsv1.AlertChanged_UPDATED: "updated", eventsv1.AlertChanged_ACKNOWLEDGED: "acknowledged",
		eventsv1.AlertChanged_UNACKNOWLEDGED: "no longer acknowledged", eventsv1.AlertChanged_RESOLVED: "resolved",
	},
	Columns: []string{"ALERT", "SEVERITY", "STATE", "FOR", "RULE", "CUSTOMER", "BY", "ABOUT"},
	None:    "No alerts.", NeedID: "Say which alert: %s alerts %s ID",
	BadState: "--state %s: choose from all, firing, acknowledged, resolved", BadSeverity: "--severity %s: choose from low, medium, high, critical",
	NeedBy: "Say who decides: --by, or RAPPEL_AGENT", Failed: "Alerts left unchanged: %d of %d.",
	State: "State", Severity: "Severity", Rule: "Rule", Team: "Team", About: "About", Labels: "Labels", Customer: "Customer",
	Response: "Response", Raised: "Raised", Expires: "Expires", Notified: "Told", NotTold: "held back",
	Until: "until %s", Episode: "episode %d", By: "by %s", Groups: "Groups", Revision: "revision %d", Compared: "against %s",
	Silenced: "silence %s", Inhibited: "explained by %s", Muted: "by the hours %s", ToldNobody: "nobody: the rule does not ask for it",
	Told: "as routes say", History: "History",
}
