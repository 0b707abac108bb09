package message

import "github.com/rappel-loop/rappel/services/internal/wording"

// french is what is said in French.
var french = words{
	Severities: map[string]string{"low": "faible", "medium": "moyenne", "high": "élevée", "critical": "critique"},
	Classes: map[string]string{
		"detractor": "détracteur", "passive": "passif", "promoter": "promoteur", "dissatisfied": "insatisfait", "neutral": "neutre",
		"satisfied": "satisfait", "high_effort": "effort élevé", "low_effort": "effort faible", "resolved": "réglé", "unresolved": "non réglé",
	},
	Themes: wording.Themes("fr"),
	Resolutions: map[string]string{
		"no_longer_matches": "ne s'applique plus", "callback_closed": "client rappelé", "by_hand": "close à la main", "expired": "expirée",
	},
	Measures: map[string]string{
		"raise_bar": "seuls les cas les plus graves ou les plus pressants demandent un rappel", "call_afterwards": "les clients qui attendent seront rappelés ensuite",
		"widen": "les rappels vont dans une autre file", "drop_skills": "n'importe quel conseiller peut rappeler", "first_attempt_within": "le délai promis est plus long",
		"tell": "les responsables sont prévenus", "acknowledge_customer": "les clients reçoivent un accusé de réception",
		"count": "nombre", "share": "part",
	},
	Titles: map[string]string{
		"new": "%s", "repeated": "Toujours ouvert : %s", "escalated": "Personne ne s'en occupe : %s", "resolved": "Terminé : %s",
	},
	AboutTheme: ", %s", AboutRule: ", règle %s", InSurvey: " (enquête %s)",
	OneAlert: "1 alerte", Alerts: "%d alertes",
	LeadOne:  "Une alerte attend quelqu'un.",
	Lead:     "%d alertes attendent quelqu'un.",
	TakenOne: "%d autre est déjà prise en charge.", Taken: "%d autres sont déjà prises en charge.",
	OldestOne: "Elle date de %s (il y a %s).", Oldest: "La plus ancienne date de %s (il y a %s).",
	WorstOne: "Gravité %s.", Worst: "La plus grave est de gravité %s.",
	Repeated: "Rien de nouveau, mais rien n'est réglé non plus.",
	OverOne:  "1 alerte est terminée.", Over: "%d alertes sont terminées.",
	AllTaken:      "Quelqu'un s'occupe de tout ce qui reste ouvert.",
	Escalated:     "Ceux qui ont été prévenus avant vous n'ont pas réagi.",
	EscalatedStep: "Ceux qui ont été prévenus avant vous n'ont pas réagi : vous êtes l'étape %d de l'escalade.",
	Resolved:      "Plus rien n'est ouvert : il n'y a rien à faire.",
	TestTitle:     "Essai de Rappel", Test: "Ceci est un essai. S'il vous parvient, les alertes vous parviendront aussi : il n'y a rien à faire.",
	FallbackBeganTitle: "Repli « %s » activé : la file %s déborde", FallbackEndedTitle: "Fin du repli « %s » : la file %s est revenue à la normale",
	FallbackBegan: "Les clients de la file %s attendraient trop longtemps ; le repli « %s » s'applique jusqu'à ce que l'attente redescende sous %s.",
	FallbackEnded: "L'attente dans la file %s est revenue sous %[3]s ; le repli « %[2]s » ne s'applique plus.",
	WaitKnown:     "Attente prévue : %s (le repli commence au-delà de %s).", WaitUnknown: "L'attente prévue n'est pas connue (le repli commence au-delà de %s).",
	More: "… et %d autres", MoreOne: "… et 1 autre",
	Since: "depuis %s", By: "suivie par %s", Callback: "rappel demandé", CallbackIn: "rappel demandé, file %s",
	MovedFrom: "%s : %s sur %s (%d réponses), contre %s auparavant (%d)", MovedAbove: "%s : %s sur %s (%d réponses) ; seuil %s",
	Next: map[string]string{
		"new":       "À faire : regardez, puis acquittez, pour que personne d'autre ne soit dérangé.",
		"repeated":  "À faire : acquittez si vous vous en occupez ; sinon, dites à qui cela revient.",
		"escalated": "À faire : acquittez maintenant : personne d'autre ne s'en occupe.",
	},
	Look: "Voir les alertes",
	Rows: map[string]string{
		"rule": "Règle", "team": "Équipe", "survey": "Enquête", "touchpoint": "Point de contact", "channel": "Canal",
		"theme": "Thème", "dimension": "Dimension", "customer": "Client", "metric": "Mesure", "class": "Classe", "queue": "File",
	},
	Footer: "Rappel · route %s · groupe %s",
	Colon:  " : ", Open: "« ", Close: " »", Decimal: ",",
	Day: "02/01", Minutes: "%d min", Hours: "%d h", Days: "%d j",
	CustomerTitle: "Nous avons bien reçu votre réponse",
	CustomerHello: "Bonjour,", CustomerHelloName: "Bonjour %s,",
	CustomerText: "Merci d'avoir pris le temps de nous répondre. Nous avons lu ce que vous nous dites et nous voulons y revenir avec vous.\n\n" +
		"Nous recevons en ce moment plus de demandes que d'habitude : il nous faudra un peu plus de temps pour vous recontacter. Vous n'avez rien à faire, votre demande est enregistrée.",
	CustomerBye: "Le service clients",
}
