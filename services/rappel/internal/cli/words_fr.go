package cli

import (
	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// french is what a French-speaking agent reads.
var french = words{
	Usage: map[string]string{
		"Usage:": "Utilisation :", "Aliases:": "Autres noms :", "Examples:": "Exemples :", "Available Commands:": "Commandes :",
		"Additional Commands:": "Autres commandes :", "Global Flags:": "Options communes :", "Flags:": "Options :",
		"Additional help topics:": "Autres sujets :", "[command]": "[commande]",
		"for more information about a command.": "en dit plus sur une commande.", `Use "`: `« `, `--help"`: `--help »`,
	},
	Commands: map[string]help{
		"callbacks": {
			Short: "Rappeler les clients : le poste d'un agent",
			Long: `Rappeler les clients mécontents, depuis un terminal.

Une matinée d'Amina :

  rappel callbacks claim --agent amina
      prend le rappel le plus urgent et dit qui, pourquoi, à quel numéro

  rappel callbacks start ID --agent amina
      « je compose le numéro »

  rappel callbacks end ID --agent amina --outcome reached
      « le client a répondu » (no-answer : il reviendra plus tard dans la file)

  rappel callbacks complete ID --agent amina --outcome resolved \
      --root-cause "colis perdu" --note "Nouveau colis envoyé ce jour."
      ferme le rappel

Les trois dernières étapes en une, quand l'appel a déjà eu lieu :

  rappel callbacks complete ID --agent amina --reached --outcome resolved \
      --root-cause "colis perdu" --note "Nouveau colis envoyé ce jour."

RAPPEL_AGENT évite de répéter --agent, RAPPEL_SERVER dit où est le serveur.`,
		},
		"list": {
			Short: "Montrer les rappels ouverts, le plus ancien d'abord",
			Example: `  rappel callbacks list
  rappel callbacks list --agent amina
  rappel callbacks list --state completed,canceled --limit 20
  rappel callbacks list --sla at-risk,breached
  rappel callbacks list --text livraison`,
		},
		"claim": {Short: "Prendre le prochain rappel, le plus urgent", Example: "  rappel callbacks claim --agent amina"},
		"show":  {Short: "Montrer un rappel en entier", Example: "  rappel callbacks show ID"},
		"start": {Short: "Dire que l'on appelle", Example: "  rappel callbacks start ID --agent amina"},
		"complete": {
			Short: "Fermer un rappel dont le client a été joint",
			Example: `  rappel callbacks complete ID --agent amina --outcome resolved \
      --root-cause "colis perdu" --note "Renvoyé."
  rappel callbacks complete ID --agent amina --outcome resolved \
      --root-cause "colis perdu" --note "Renvoyé." --gesture voucher:15,50`,
		},
		"release":     {Short: "Rendre un rappel à la file, avec son ancienneté", Example: "  rappel callbacks release ID --agent amina --reason \"je pars en pause\""},
		"causes":      {Short: "Montrer les causes à choisir pour conclure", Example: "  rappel callbacks causes"},
		"queues":      {Short: "Montrer ce qui attend dans chaque file, et qui est là pour le prendre", Example: "  rappel callbacks queues"},
		"routing":     {Short: "Montrer qui pourrait prendre un rappel, et pourquoi pas les autres", Example: "  rappel callbacks routing ID"},
		"requeue":     {Short: "Reprendre un rappel à un agent qui n’est plus là", Example: "  rappel callbacks requeue ID --by sam --reason \"sa ligne est coupée\""},
		"transfer":    {Short: "Mettre un rappel dans une autre file, avec son ancienneté", Example: "  rappel callbacks transfer ID --by sam --to experts --reason \"question technique\""},
		"escalate":    {Short: "Rendre un rappel plus urgent", Example: "  rappel callbacks escalate ID --by sam --points 30 --role direction --reason \"client de longue date\""},
		"reschedule":  {Short: "Dire à partir de quand appeler", Example: "  rappel callbacks reschedule ID --by sam --at 14:30 --customer-asked\n  rappel callbacks reschedule ID --by sam --at now"},
		"cancel":      {Short: "Fermer un rappel dont personne n'a plus besoin", Example: "  rappel callbacks cancel ID --by sam --reason \"déjà réglé en boutique\""},
		"reopen":      {Short: "Rouvrir un rappel fermé", Example: "  rappel callbacks reopen ID --by sam --reason \"la panne est revenue\""},
		"do-not-call": {Short: "Dire qu'un client ne veut plus jamais être appelé", Example: "  rappel callbacks do-not-call ID --by sam"},
		"end": {
			Short: "Dire ce que l'appel a donné",
			Example: `  rappel callbacks end ID --agent amina --outcome reached
  rappel callbacks end ID --agent amina --outcome no-answer
  rappel callbacks end ID --agent amina --outcome call-later --call-again-at 14:30`,
		},
		"agents": {
			Short: "Qui travaille ici, et ce que chacun peut prendre",
			Long: `Les agents : qui travaille ici, et ce que chacun peut prendre.

  rappel agents set agents.yaml --by sam
      ajoute ou change les agents écrits dans un fichier ;
      sample/agents.yaml en est un pour commencer

  rappel agents list
      montre les agents

Ceux que la configuration du serveur déclare (callback.agents_file) se changent
là-bas, pas ici. RAPPEL_SERVER dit où est le serveur.`,
		},
		"agents list":   {Short: "Montrer les agents", Example: "  rappel agents list\n  rappel agents list --team lille\n  rappel agents list --queue retention"},
		"agents show":   {Short: "Montrer un agent en entier", Example: "  rappel agents show amina"},
		"agents set":    {Short: "Ajouter ou changer les agents d'un fichier", Example: "  rappel agents set agents.yaml --by sam"},
		"agents remove": {Short: "Retirer des agents", Example: "  rappel agents remove agent-1 agent-2 --by sam"},
		"alerts": {
			Short: "Les alertes : ce que les règles ont trouvé, qui s'en occupe, ce qu'il en est advenu",
			Long: `Les alertes : ce que les règles ont trouvé, qui s'en occupe, et ce qu'il en est advenu.

  rappel alerts list
      montre les alertes en cours, les plus graves et les plus récentes d'abord

  rappel alerts ack ID --by sam
      dit que quelqu'un s'en occupe : les autres n'en sont plus prévenus

docs/alerts.md explique la vie d'une alerte et ses étiquettes. RAPPEL_SERVER dit où est
le serveur, RAPPEL_AGENT évite --by.`,
		},
		"alerts list": {
			Short:   "Montrer les alertes, les plus graves et les plus récentes d'abord",
			Example: "  rappel alerts list\n  rappel alerts list --severity high,critical --match theme=delivery_time\n  rappel alerts list --state all --match 'team!=care'",
		},
		"alerts show":    {Short: "Montrer une alerte en entier, avec son histoire", Example: "  rappel alerts show ID"},
		"alerts ack":     {Short: "Dire que l'on s'occupe d'alertes", Example: "  rappel alerts ack ID --by sam --for 2h --comment \"j'appelle le transporteur\""},
		"alerts unack":   {Short: "Dire que personne ne s'occupe plus d'alertes", Example: "  rappel alerts unack ID --by sam"},
		"alerts resolve": {Short: "Lever des alertes", Example: "  rappel alerts resolve ID1 ID2 --by sam --comment \"réglé\""},
		"alerts groups":  {Short: "Montrer les groupes dont on prévient, et quand ce sera la prochaine fois", Example: "  rappel alerts groups\n  rappel alerts groups --route urgent"},
		"silences": {
			Short: "Les silences : ce dont on ne veut rien entendre pour un temps",
			Long: `Les silences : ce dont on ne veut rien entendre pour un temps. Les alertes existent quand
même, et qui regarde les voit ; quand un silence finit, on apprend ce qui dure encore.

  rappel silences add --match theme=delivery_time --for 2h --comment "grève" --by sam
      tait un thème pendant deux heures

  rappel silences list
      montre ceux en cours et ceux à venir

docs/notifications.md explique les silences. RAPPEL_SERVER dit où est le serveur,
RAPPEL_AGENT évite --by.`,
		},
		"silences list": {Short: "Montrer les silences : ceux en cours, puis ceux à venir", Example: "  rappel silences list\n  rappel silences list --ended"},
		"silences add": {
			Short:   "Taire des alertes pour un temps",
			Example: "  rappel silences add --match theme=delivery_time --for 2h --comment \"grève\" --by sam\n  rappel silences add --match team=shop --until \"2026-12-31 18:00\" --every \"mon-fri 18:00-24:00\" --zone Europe/Paris --comment \"fermé\" --by sam",
		},
		"silences expire": {Short: "Mettre fin à des silences", Example: "  rappel silences expire ID --by sam"},
		"notify": {
			Short: "Qui est prévenu des alertes, et si cela lui parvient",
			Long: `Qui est prévenu des alertes, et si cela lui parvient.

  rappel notify receivers
      montre qui est prévenu, et si tout va bien

  rappel notify test chat --dry-run
      montre ce qu'un destinataire recevrait ; sans --dry-run, c'est envoyé

  rappel notify deliveries --state failed
      montre ce qui a été abandonné ; « rappel notify replay » le fait repartir

docs/receivers.md explique les destinataires. RAPPEL_SERVER dit où est le serveur,
RAPPEL_AGENT évite --by.`,
		},
		"notify receivers":  {Short: "Montrer les destinataires, et si tout va bien pour chacun"},
		"notify test":       {Short: "Envoyer une notification inventée à un destinataire, ou la montrer", Example: "  rappel notify test chat --by sam\n  rappel notify test chat --kind escalated --dry-run\n  rappel notify test --file notify.yaml --receiver chat --dry-run"},
		"notify deliveries": {Short: "Montrer ce qui a été envoyé, le plus récent d'abord", Example: "  rappel notify deliveries --receiver chat --state failed"},
		"notify show":       {Short: "Montrer une remise avec ses essais", Example: "  rappel notify show ID"},
		"notify replay":     {Short: "Faire repartir des remises terminées", Example: "  rappel notify replay ID1 ID2 --by sam\n  rappel notify replay --failed chat --since 1d --by sam"},
		"notify enable":     {Short: "Prévenir de nouveau un destinataire, et de ce qui attend", Example: "  rappel notify enable chat --by sam"},
		"notify disable":    {Short: "Ne plus prévenir un destinataire ; ce qui lui est destiné attend", Example: "  rappel notify disable chat --by sam --reason \"déménagé\""},
		"feed": {
			Short: "Suivre le flux d'événements : tout ce qui arrive, sans donnée personnelle",
			Long: `Suivre le flux d'événements de la boucle, une ligne par événement : la réponse, sa
note, l'alerte, le rappel, ce qu'il a donné. Aucune donnée personnelle n'y est : les
clients apparaissent par leur clé. docs/feed.md explique le flux.

Avec -o json, chaque ligne est un CloudEvent. Avec --cursor FICHIER, la place est
gardée : un script relancé reprend où il en était, et ne manque rien. Après un arrêt
brutal, la dernière seconde peut revenir, avec les mêmes identifiants.`,
			Example: `  rappel feed
  rappel feed --types callback_opened,callback_completed --queue care
  rappel feed -o json --from beginning --cursor place.txt | ./mon-script`,
		},
		"work": {
			Short: "Être à son poste : les rappels sont proposés à mesure qu'ils viennent",
			Long: `Être à son poste d'agent : les rappels sont proposés ici à mesure qu'ils viennent,
avec qui, pourquoi, à quel numéro, et le temps pour répondre. Tapez a puis Entrée
pour en prendre un, r pour le refuser, p et c pour une pause, q pour partir ; ? les
montre tous. La fin de l'entrée et ctrl-c font partir aussi.

Ce que devient un rappel pris se dit par rappel callbacks, dans un autre terminal :
les commandes sont montrées.

RAPPEL_AGENT évite de nommer l'agent, RAPPEL_GRPC dit où est le serveur.`,
			Example: "  rappel work amina\n  rappel work amina --capacity 2\n  rappel work amina -o json",
		},
	},
	Flags: map[string]string{
		"grpc": "adresse gRPC du serveur (à défaut $RAPPEL_GRPC, sinon 127.0.0.1:9090)", "capacity": "combien de rappels à la fois, 1 à 50 (à défaut ce que dit la liste des agents, sinon 1)",
		"notify-kind": "quelle sorte : new, repeated, escalated, resolved, test, fallback (à défaut new)", "notify-dry-run": "montrer seulement ce qui serait envoyé",
		"notify-file": "le fichier des destinataires à lire, sans serveur", "notify-file-receiver": "quel destinataire de --file", "public-url": "avec --file : où l'on dit de regarder",
		"notify-reason": "pourquoi, 500 caractères au plus", "notify-failed": "tout ce qui a été abandonné pour ce destinataire", "notify-since": "avec --failed : créé depuis, comme 1d ou 12h, ou un moment",
		"notify-receiver": "seulement celles vers ce destinataire", "delivery-state": "seulement celles-ci : pending, sending, delivered, failed",
		"alert-state": "quels états, ou all : firing, acknowledged, resolved (levées depuis moins d'une heure ; sinon celles en cours)", "severity": "seulement celles-ci : low, medium, high, critical",
		"match": "seulement celles que ceci désigne, comme theme=delivery_time, severity=~\"high|critical\", team!=care ; peut être répété",
		"ended": "aussi ceux qui sont terminés : pendant 30 jours", "route": "seulement ceux de cette route", "every": "seulement à ces heures, chaque semaine : jours et périodes, comme \"mon-fri 18:00-24:00\"",
		"silence-match": "ce qui est tu, comme theme=delivery_time ou severity=~\"low|medium\" ; répété, tout doit correspondre", "silence-for": "pour combien de temps, comme 2h ; ou --until",
		"silence-from": "à partir de quand : 18:00, 2026-12-24 18:00, 2h (à défaut maintenant)", "silence-until": "jusqu'à quand : 18:00, 2026-12-24 18:00, 2h ; ou --for",
		"silence-zone": "l'horloge de --every, comme Europe/Paris (à défaut celle de cette machine si elle a un nom, sinon UTC)", "silence-comment": "pourquoi, 500 caractères au plus",
		"silence-request": "rend la demande répétable : la même dans la journée donne le même silence",
		"group":           "seulement celles de ce groupe", "customer": "seulement celles de ce client, par sa clé",
		"comment": "ce que vous en dites, 500 caractères au plus", "for": "pour combien de temps au plus, de 1m à 720h (sinon selon la route, ou tant qu'elle dure)",
		"team": "seulement cette équipe", "works-in": "seulement ceux qui travaillent dans cette file",
		"types": "seulement ces types d'événement, comme callback_opened : docs/feed-events.md", "survey": "seulement ce qui touche ces enquêtes", "feed-queue": "seulement ce qui touche ces files",
		"feed-from": "où commencer : now, beginning, 10m, 2026-11-09T10:00:00Z (à défaut now)", "cursor": "fichier qui garde la place ; s'il existe, le flux reprend là",
		"help": "cette aide", "server": "adresse du serveur (à défaut $RAPPEL_SERVER, sinon http://127.0.0.1:8080)",
		"lang": "langue : fr ou en (à défaut celle du terminal)", "output": "text ou json (la réponse de l'API)",
		"agent": "qui vous êtes (à défaut $RAPPEL_AGENT)", "state": "états voulus, ou all : pending, reserved, assigned, attempting, wrapping, completed, canceled",
		"queue": "seulement cette file", "held-by": "seulement les rappels de cet agent", "limit": "combien au plus, 1 à 1000 (à défaut 50)", "page": "suite d'une liste précédente",
		"request-id": "rend la demande répétable : la même demande donne le même rappel", "token": "jeton de la prise, pour refuser un ordre périmé",
		"attempt-outcome": "reached, no-answer, busy, voicemail, wrong-number, refused, call-later, technical-failure",
		"wrap-outcome":    "resolved, partly-resolved, unresolved, no-action-needed",
		"call-again-at":   "quand le client veut être rappelé : 14:30, +2h, \"21/11/2026 09:00\"",
		"note":            "ce qu'il faut retenir", "root-cause": "pourquoi c'est arrivé", "reason": "pourquoi vous le rendez",
		"sla": "où en est le délai promis : on-track, at-risk, breached, kept (sans --state, les rappels fermés n'y sont qu'avec kept)", "text": "seulement ceux dont le client, une règle ou une enquête dit ce texte",
		"older-than": "ouverts depuis plus longtemps que : 2h30m, 48h", "newer-than": "ouverts depuis moins longtemps que",
		"by": "qui décide (à défaut $RAPPEL_AGENT)", "decision-reason": "pourquoi, 200 caractères au plus", "to": "la file où il va",
		"points": "points de priorité en plus, 1 à 100 (à défaut 20)", "role": "qui doit le savoir",
		"at":             "à partir de quand appeler : now, 14:30, +2h, \"21/11/2026 09:00\"",
		"customer-asked": "c'est le client qui a choisi ce moment : les délais sont en pause d'ici là",
		"gesture":        "geste commercial : TYPE ou TYPE:VALEUR, comme voucher:15,50",
		"reached":        "l'appel a eu lieu et le client a répondu : fait aussi start et end",
	},
	States: map[eventsv1.Callback_State]string{
		eventsv1.Callback_PENDING: "en attente", eventsv1.Callback_RESERVED: "proposé", eventsv1.Callback_ASSIGNED: "attribué",
		eventsv1.Callback_ATTEMPTING: "en appel", eventsv1.Callback_WRAPPING: "à conclure",
		eventsv1.Callback_COMPLETED: "terminé", eventsv1.Callback_CANCELED: "annulé",
	},
	Classes: map[eventsv1.Class]string{
		eventsv1.Class_DETRACTOR: "détracteur", eventsv1.Class_PASSIVE: "passif", eventsv1.Class_PROMOTER: "promoteur",
		eventsv1.Class_DISSATISFIED: "insatisfait", eventsv1.Class_NEUTRAL: "neutre", eventsv1.Class_SATISFIED: "satisfait",
		eventsv1.Class_HIGH_EFFORT: "gros effort", eventsv1.Class_LOW_EFFORT: "peu d'effort",
		eventsv1.Class_RESOLVED: "réglé au premier contact", eventsv1.Class_UNRESOLVED: "pas réglé au premier contact",
	},
	Attempts: map[eventsv1.Attempt_Outcome]string{
		eventsv1.Attempt_REACHED: "joint", eventsv1.Attempt_NO_ANSWER: "pas de réponse", eventsv1.Attempt_BUSY: "occupé",
		eventsv1.Attempt_VOICEMAIL_LEFT: "message laissé", eventsv1.Attempt_WRONG_NUMBER: "mauvais numéro",
		eventsv1.Attempt_REFUSED: "ne veut pas parler", eventsv1.Attempt_CALL_LATER: "à rappeler", eventsv1.Attempt_TECHNICAL_FAILURE: "problème technique",
	},
	Wraps: map[eventsv1.WrapUp_Outcome]string{
		eventsv1.WrapUp_RESOLVED: "résolu", eventsv1.WrapUp_PARTLY_RESOLVED: "résolu en partie", eventsv1.WrapUp_UNRESOLVED: "non résolu",
		eventsv1.WrapUp_NO_ACTION_NEEDED: "rien à faire", eventsv1.WrapUp_UNREACHABLE: "injoignable",
	},
	Rules: map[string]string{
		"callback_requested": "a demandé à être rappelé", "detractor": "détracteur", "low_csat": "insatisfait", "high_effort": "trop d'effort",
	},
	Languages:  map[string]string{"fr": "français", "en": "anglais", "de": "allemand", "es": "espagnol", "it": "italien", "nl": "néerlandais", "pt": "portugais", "ar": "arabe"},
	Severities: map[eventsv1.Severity]string{eventsv1.Severity_HIGH: "grave", eventsv1.Severity_CRITICAL: "critique"},
	SLAStates:  map[eventsv1.SLA_State]string{eventsv1.SLA_AT_RISK: "à risque", eventsv1.SLA_BREACHED: "manqué", eventsv1.SLA_KEPT: "tenu"},
	Reasons: map[string]string{
		"NO_CALLBACK_READY":   "Personne à rappeler pour le moment.",
		"NO_SUCH_CALLBACK":    "Aucun rappel ne porte cet identifiant.",
		"NOT_POSSIBLE_NOW":    "Ce n'est pas possible à cette étape.",
		"NO_SUCH_DELIVERY":    "Il n'y a pas de remise avec cet identifiant ; elles sont gardées 30 jours.",
		"DELIVERY_UNDER_WAY":  "Cette remise est en route : elle est réessayée d'elle-même.",
		"NO_SUCH_RECEIVER":    "Aucun destinataire ne porte ce nom : « rappel notify receivers » les montre.",
		"NO_SUCH_ALERT":       "Il n'y a pas d'alerte avec cet identifiant.",
		"ALERT_RESOLVED":      "Cette alerte est levée : il n'y a plus à s'en occuper.",
		"NOT_HOLDER":          "Un autre agent a ce rappel en main.",
		"STALE_TOKEN":         "Ce rappel n'est plus à vous : il a été rendu ou repris depuis.",
		"LEASE_OVER":          "Votre temps pour ce rappel est écoulé ; reprenez-en un.",
		"NOT_READY":           "Ce rappel ne peut pas encore être pris.",
		"TOO_LATE":            "Ce rappel est fermé depuis trop longtemps pour être rouvert.",
		"DO_NOT_CALL":         "Ce client est sur la liste d'opposition : il ne doit pas être appelé.",
		"DO_NOT_CALL_LOADING": "La liste d'opposition est en cours de lecture : personne n'est appelé avant. Réessayez dans un instant.",
		"SUPERSEDED":          "Ce client a un rappel plus récent : c'est celui-là qu'il faut suivre.",
		"INDEX_UNAVAILABLE":   "La file ne répond pas ; rien n'est perdu, réessayez dans un instant.",
		"INDEX_REBUILDING":    "La file est en cours de relecture ; rien n'est perdu, réessayez dans un instant.",
		"CONTENDED":           "Trop d'agents à la fois ; réessayez.",
		"STORE_FULL":          "Le serveur n'a plus de place ; rien n'a changé. Prévenez l'exploitation.",
		"STORE_UNAVAILABLE":   "Le serveur n'a pas pu enregistrer ; réessayez.",
		"INVALID_FIELDS":      "Il manque quelque chose, ou une valeur ne convient pas :",
		"CURSOR_EXPIRED":      "Ce qui suivait cette place n'est plus conservé : effacez le fichier de --cursor, et recommencez avec --from beginning ou --from now.",
		"INTERNAL":            "Le serveur a rencontré un problème ; il est dans son journal.",
		"AGENT_EXISTS":        "Un autre agent porte déjà cet identifiant.",
		"NO_SUCH_AGENT":       "Aucun agent ne porte cet identifiant.",
		"STALE_REVISION":      "Quelqu'un d'autre vient de changer cet agent ; regardez-le, puis recommencez.",
		"TOO_MANY_AGENTS":     "Il y a trop d'agents : retirez-en d'abord.",
		"ROSTER_LOADING":      "La liste des agents est en cours de lecture ; réessayez dans un instant.",
		"REPLACED":            "Vous vous êtes installé ailleurs : ce poste-ci est fermé.",
		"GOING_AWAY":          "Le serveur va s'arrêter ; ce que vous avez en main reste à vous un moment.",
		"UNKNOWN_AGENT":       "Seuls les agents de la liste peuvent prendre des rappels, et celui-ci n'y est pas.",
		"DECLINED":            "Cet agent se l'est vu proposer il y a peu, et ne l'a pas pris.",
		"AGENT_AWAY":          "Vous avez dit être absent. Dites d’abord que vous êtes disponible.",
		"AGENT_AT_DESK":       "L’agent qui l’a en main est à son poste et s’en occupe : demandez-lui.",
		"AT_CAPACITY":         "Cet agent a en main tout ce qu'il peut.",
		"GOODWILL_LIMIT":      "Votre rôle ne permet pas ce geste commercial.",

		"DECLARED_IN_CONFIGURATION": "Cet agent est déclaré dans la configuration du serveur et se change là-bas.",
	},
	Callback: "Rappel", Held: "chez %s", Priority: "priorité %d", Opened: "ouvert il y a %s", Ago: "il y a %s", Closed: "fermé le %s", Canceled: "Annulé : %s",
	Place: "Sa place dans la file %s", PlaceUnknown: "La file ne répond pas : sa place n'est pas connue.", FirstInLine: "C'est le prochain.",
	OneAhead: "Un autre passe avant lui.", Ahead: "%d autres passent avant lui.",
	Urgency: "%d pour la raison la plus grave", FurtherReasons: "%d pour les autres", EscalationPoints: "%d d'escalade",
	Worth:     "Cela vaut %s d'attente.",
	MovedFrom: "Transféré de %s à %s le %s par %s : %s", RaisedBy: "Plus urgent de %d points, le %s par %s : %s", ReopenedBy: "Rouvert le %s par %s : %s",
	NoName: "Client sans nom", NoPhone: "pas de numéro", Phone: "Téléphone", Email: "Courriel", Language: "Langue", TimeZone: "Fuseau",
	ThereItIs: "là-bas il est %s", CallBefore: "Appeler avant", LateBy: "en retard de %s", NotBefore: "Pas avant",
	ResolveBefore: "Résoudre avant", TimeLeft: "plus que %s", InPause: "Délais en pause", InPauseUntil: "jusqu'au %s", PausedTill: "délais en pause d'ici là",
	MovedByStep: "Transféré de %s à %s le %s : escalade du délai", Step: "Escalade du délai le %s : %s",
	StepRaised: "priorité +%d", StepRole: "%s doit le savoir",
	Why: "Pourquoi", Scale: "de %s à %s", LowerIsBetter: "le moins est le mieux", Withdrawn: "corrigé depuis par le client", Unanswered: "depuis l'appel, qui n'y répond pas", MoreReasons: "et %d autres raisons",
	Calls: "Appels", UnderWay: "en cours", CallAgain: "rappeler le %s", WrapUp: "Conclusion", RootCause: "Cause", Note: "Note",
	Open: "« ", Close: " »", Colon: " : ", DateTime: "02/01/2006 15:04", Decimal: ",",
	Next: "Et maintenant", NextClaim: "Le prendre, s'il est le plus urgent :", NextStart: "Quand vous composez le numéro :", NextRelease: "Le rendre à la file :",
	NextEnd: "Le client a répondu :", NextNoAnswer: "Pas de réponse :", NextComplete: "Conclure :", NextOther: "Rappel suivant :",
	NextShow: "Voir où il en est :", NextWait: "Voir ce qui attend :",
	SampleCause: "la cause", SampleNote: "ce qui a été dit et promis",
	Columns:      []string{"RAPPEL", "ÉTAT", "PRIO", "ÂGE", "DÉLAI", "CLIENT", "TÉLÉPHONE", "AGENT", "RAISONS"},
	AnyCause:     "Aucune liste de causes n'est configurée : écrivez la vôtre.",
	FirstContact: "au premier contact", Gesture: "Geste commercial",
	Slots: "Créneaux voulus", TheirClock: "à l'heure du client", MoreSlots: "et %d autres",
	ReopenedByAnswer: "Rouvert le %s : la réponse du client était de nouveau mauvaise",
	WhyAgain:         "Pourquoi rappeler encore", HowItWent: "Comment cela s'est passé", ToAsk: "à demander le %s, enquête %s", Asked: "demandé le %s, enquête %s",
	Satisfaction: "satisfaction", OutOf100: "%s sur 100", NoScore: "sans note", NoScoreBefore: "sans note avant", ScoreBefore: "%s sur 100 avant",
	NothingListed: "Aucun rappel.", Listed: "%d rappels", ListedOne: "1 rappel", OnMore: "Il y en a d'autres : %s",
	AgentColumns: []string{"AGENT", "STATUT", "EN MAIN", "ORIGINE", "ÉQUIPE", "RÔLE", "MAX", "LANGUES", "FILES", "COMPÉTENCES"},
	AgentResults: map[string]string{"CREATED": "ajouté", "UPDATED": "changé", "UNCHANGED": "inchangé", "REMOVED": "retiré"},
	NoAgents:     "Aucun agent.", FromFile: "fichier", FromAPI: "API", AnyLanguage: "toutes", Everywhere: "partout",
	Team: "Équipe", Role: "Rôle", Capacity: "En main au plus", WorksIn: "Files", Speaks: "Langues", Skills: "Compétences", Origin: "Origine",
	Revision: "ajouté par l'API, révision %d", Declared: "déclaré dans la configuration du serveur", NextAgents: "Voir qui est là :",
	NeedAgentID: "Dites de quel agent il s'agit : %s agents %s ID", NeedAgentFile: "Dites quel fichier : %s agents set FICHIER.yaml",
	AgentsFailed: "Agents sans changement : %d sur %d.",
	Minutes:      "%d min", Hours: "%d h %02d", Days: "%d j %d h",
	Statuses: map[callbackv1.AgentStatus]string{
		callbackv1.AgentStatus_OFFLINE: "absent", callbackv1.AgentStatus_AVAILABLE: "disponible", callbackv1.AgentStatus_BUSY: "occupé", callbackv1.AgentStatus_AWAY: "en pause",
	},
	Obstacles: map[callbackv1.ExplainRoutingResponse_Candidate_Obstacle]string{
		callbackv1.ExplainRoutingResponse_Candidate_QUEUE:            "ne travaille pas dans la file",
		callbackv1.ExplainRoutingResponse_Candidate_LANGUAGE:         "ne parle pas la langue",
		callbackv1.ExplainRoutingResponse_Candidate_SKILL:            "n'a pas",
		callbackv1.ExplainRoutingResponse_Candidate_KEPT_FOR_ANOTHER: "il est gardé pour un autre",
		callbackv1.ExplainRoutingResponse_Candidate_NOT_THERE:        "n'est pas là",
		callbackv1.ExplainRoutingResponse_Candidate_ON_A_BREAK:       "fait une pause",
		callbackv1.ExplainRoutingResponse_Candidate_AT_CAPACITY:      "a en main tout ce qu'il peut",
		callbackv1.ExplainRoutingResponse_Candidate_DECLINED:         "se l'est vu proposer il y a peu",
		callbackv1.ExplainRoutingResponse_Candidate_NO_STREAM:        "demande du travail de lui-même",
	},
	CallableFrom: "Appelable", CallableAt: "à partir du %s",
	QueueColumns:   []string{"FILE", "PRÊTS", "PLUS TARD", "EN MAIN", "SANS PERSONNE", "À RISQUE", "MANQUÉS", "LE PLUS ANCIEN", "ATTENTE", "LIBRES", "AGENTS"},
	NoQueues:       "Aucune file.",
	Unattended:     "SANS PERSONNE : prêts, mais nul à son poste ne peut les prendre. Voir pourquoi : %s",
	Pressing:       "Voir ce qui presse : %s",
	RoutingColumns: []string{"AGENT", "STATUT", "LIBRE DEPUIS", "CE QUI S'Y OPPOSE"},
	Queue:          "File", KeptFor: "Gardé pour", KeptUntil: "%s, jusqu'au %s",
	Status: "Statut", InHandOf: "%d sur %d en main", IdleFor: "libre depuis %s",
	OfferedFirst: "rien : on le lui proposerait en premier", OfferedAfter: "rien : on le lui proposerait après ceux d'en haut",
	Gone: map[callbackv1.WorkCallbacksResponse_Gone_Why]string{
		callbackv1.WorkCallbacksResponse_Gone_WHY_UNSPECIFIED: "%s n'est plus à vous.", callbackv1.WorkCallbacksResponse_Gone_OFFER_EXPIRED: "%s : trop tard, il va à quelqu'un d'autre.",
		callbackv1.WorkCallbacksResponse_Gone_WAITS_AGAIN: "%s attend de nouveau dans la file.", callbackv1.WorkCallbacksResponse_Gone_COMPLETED: "%s est terminé.", callbackv1.WorkCallbacksResponse_Gone_CANCELED: "%s a été annulé.",
	},
	AtWork: "%s est à son poste, avec %d en main au plus.", WorkHint: "Tapez ? puis Entrée pour voir ce qui peut être tapé.", NothingInHand: "Rien en main : les rappels s'affichent ici à mesure qu'ils viennent.",
	WorkHelp: `a           prendre le rappel proposé (a ABCD : celui qui commence ainsi)
r [RAISON]  le refuser ; il va à quelqu'un d'autre
p           faire une pause : rien n'est proposé
c           continuer après une pause
q           partir : ce que vous n'avez pas commencé à appeler retourne à la file
?           cette aide`,
	Answer: "À répondre d'ici %s : a pour le prendre, r pour le refuser.", Seconds: "%d s", Changed: "Ce rappel que vous avez en main a changé.", Arrived: "Un rappel est venu à vous.",
	OnBreak: "Vous êtes en pause : rien ne vous est proposé. c pour continuer.", BackAtWork: "Vous êtes disponible.",
	MissedOffers: "Trop de rappels proposés sans réponse : vous voilà en pause. c pour continuer.",
	Left:         "Vous avez quitté votre poste. Ce que vous n'aviez pas commencé à appeler retourne à la file.",
	NoOrder:      "%s ne peut pas être tapé ici : ? montre ce qui peut l'être.", NoOffer: "Aucun rappel proposé n'attend de réponse.", NotConnected: "Il n'y a pas de liaison en ce moment : impossible d'y répondre.",
	NeedWorker: "Dites qui vous êtes : %s work AGENT, ou la variable RAPPEL_AGENT.",
	Broken:     "La liaison avec le serveur est rompue ; ce que vous avez en main reste à vous un moment.", OnceMore: "%s Nouvel essai dans %s.",
	NoGRPC:  "Aucun serveur Rappel ne répond à %s.\nPour en démarrer un :  %s run\nS'il est ailleurs :    --grpc ADRESSE, ou la variable RAPPEL_GRPC.",
	Claimed: "Ce rappel est à vous.", Started: "C'est noté : vous appelez.", Ended: "C'est noté : %s.", Completed: "Rappel fermé : %s.", Released: "Rappel rendu à la file.",
	Requeued:    "Rappel repris : il attend de nouveau dans sa file.",
	Transferred: "Rappel transféré dans la file %s.", Escalated: "Rappel rendu plus urgent.", Rescheduled: "C'est noté : le rappel attend ce moment.",
	NeverCalled: "Sur la liste d'opposition : ce client ne sera plus appelé.",
	CanceledNow: "Rappel annulé.", Reopened: "Rappel rouvert : il attend de nouveau.",
	AllWorked: "Fait pour les %d rappels.", SomeFailed: "Rappels sans changement : %d sur %d.",
	Repeating:   "le serveur n'a pas répondu, nouvel essai…",
	Unreachable: "Aucun serveur Rappel ne répond à %s.\nPour en démarrer un :  %s run\nS'il est ailleurs :    --server ADRESSE, ou la variable RAPPEL_SERVER.",
	Refused:     "Le serveur refuse : %s",
	NeedAgent:   "Dites qui vous êtes : --agent NOM, ou la variable RAPPEL_AGENT.", NeedID: "Dites de quel rappel il s'agit : %s callbacks %s ID",
	NeedOutcome: "Dites ce que l'appel a donné : --outcome %s", BadOutcome: "--outcome %s : au choix %s",
	NeedDecision: "Il manque : %s", BadMoment: "--at %s : écrivez now, 14:30, +2h, \"21/11/2026 09:00\" ou 2026-11-21T09:00:00+01:00",
	NeedWrapUp: "Pour fermer un rappel il manque : %s", BadState: "--state %s : au choix all, %s", BadLimit: "--limit : de 1 à 1000",
	BadSLA: "--sla %s : au choix %s", BadGesture: "--gesture %s : écrivez TYPE ou TYPE:VALEUR, comme voucher:15,50\n(TYPE : lettres sans accent, chiffres, _ ou - ; VALEUR : deux décimales au plus)",
	BadTime:  "--call-again-at %s : écrivez 14:30, +2h, \"21/11/2026 09:00\" ou 2026-11-21T09:00:00+01:00",
	NeedTime: "Dites quand le client veut être rappelé : --call-again-at 14:30", BadOutput: "--output : text ou json", BadLang: "--lang : fr ou en",
	Steps:           "Ce rappel est attribué à %s, mais l'appel n'a pas encore eu lieu. D'abord :\n  %s\n  %s\nou, si le client a déjà été joint, la même commande avec --reached.",
	StepsAttempting: "L'appel est en cours : dites d'abord ce qu'il a donné.\n  %s",
	StepsPending:    "Ce rappel n'est à personne. Prenez d'abord le plus urgent :\n  %s",
	StepsHeldBy:     "Ce rappel est chez %s.",
	StepsClosed:     "Ce rappel est déjà fermé (%s).",
	StepsWrapping:   "L'appel est fini : il reste à conclure.\n  %s",
	NoArgs:          "« %s » est de trop.",
	NoFlag:          "L'option %s n'existe pas. « %s --help » donne la liste.",
	FlagNeedsValue:  "%s attend une valeur.",
	BadFlagValue:    "%s : « %s » n'est pas une valeur possible.",
}
