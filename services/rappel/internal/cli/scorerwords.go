package cli

// scorerWords are what is read of the commands that speak to a scorer, in one language.
// Every field must be filled, with the same names in both: a test holds them to it.
type scorerWords struct {
	Commands map[string]help
	Flags    map[string]string
	// Reasons explain refusals, by their reason.
	Reasons map[string]string

	Unreachable, NoFiles, NeedText, NeedVersion, NeedCorrection, BadWord string
	Language, Sentiment, Themes, Intents, Version, Cut, None             string
	CorrectedAs                                                          string
	Reading, Learning, Promoted, Kept, DryRun, NotStored                 string
	InUse, HeldOut, Carried                                              string
	SentimentKept, TopicsTaught, TopicsKept, DimensionsF1, IntentsF1     string
	NoTopicsHeld, Colon                                                  string
	ModelColumns, MeasureColumns                                         []string
}

// scorer are the words of a language.
func (w *words) scorer() *scorerWords {
	if w == &english {
		return &englishScorer
	}
	return &frenchScorer
}

var englishScorer = scorerWords{
	Commands: map[string]help{
		"analyse": {
			"Say what is found in a text",
			"Say what the scorer finds in a text: language, sentiment, themes, intents, each with\nits evidence. Nothing is stored. Without a text, it is read from standard input.",
			"  rappel scorer analyse \"Toujours pas livré, je vais voir ailleurs.\"",
		},
		"correct": {
			"Say what a verbatim means, in place of what was found",
			"Say what a verbatim means, in place of what was found. The response is scored again\nwith it, its alerts and callback follow, and the next training learns from it. What is\nnot said stays as it was found; what was said before of the same verbatim is replaced.\n\nA theme is named with its dimension (P, C, R or G) and how it is spoken of.",
			"  rappel scorer correct apres-livraison r-1001 --customer KEY --by sam --sentiment negative\n  rappel scorer correct apres-livraison r-1001 --customer KEY --by sam --theme delivery_time:R:negative --intent churn_risk,urgent\n  rappel scorer correct apres-livraison r-1001 --customer KEY --by sam --no-intents",
		},
		"train": {
			"Train a model on the answers that are stored",
			"Train a model of sentiment on the answers that are stored: the customers' scores say\nwhat their words mean, and corrections go before; those of themes and intents teach it\nto find them beside the rules. Each part is compared with that of the one in use, on a\nfifth of the customers, who are held out, and put to use where it is better. Every\nscorer takes it over within moments.\n\nWith files of answers whose scores are known, as for eval, a model is trained here and\nwritten to --out, and no scorer is asked.",
			"  rappel scorer train --by sam\n  rappel scorer train --dry-run -o json\n  rappel scorer train answers.csv --out model.bin",
		},
		"models": {"List the models", "List the models, the latest first; the one that the program carries is the last.", "  rappel scorer models"},
		"promote": {
			"Put a model to use",
			"Put a model to use that is there, whatever it does better: the one before, or the one\nthat the program carries.",
			"  rappel scorer promote trained-1a2b3c4d --by sam",
		},
	},
	Flags: map[string]string{
		"server": "the scorer's address (default $RAPPEL_SERVER, else http://127.0.0.1:8080)", "lang": "fr or en", "output": "text or json",
		"by": "who says so (default $RAPPEL_AGENT)", "dry-run": "train and compare, and store nothing",
		"customer": "the customer's key, as callbacks and the feed have it", "verbatim": "which verbatim of the response, from 0",
		"sentiment": "negative, neutral or positive", "theme": "a theme, as delivery_time:R:negative; may be repeated",
		"intent": "intents, as churn_risk,urgent", "no-themes": "it is about none of them", "no-intents": "the customer wants none of them",
		"number": "the number of the last correction that you have seen",
	},
	Reasons: map[string]string{
		"NO_SUCH_RESPONSE": "There is no such response of this customer, or no such verbatim in it.", "NO_SUCH_MODEL": "There is no such model; rappel scorer models lists them.",
		"CORRECTED_MEANWHILE": "Somebody else has corrected it meanwhile.", "TRAINING_ALREADY": "A model is being trained, or was put to use meanwhile.",
		"TOO_FEW_ANSWERS": "There is too little to learn from.", "TOO_MANY_CORRECTIONS": "This response was corrected too often.",
	},
	Unreachable: "start a server with `rappel run`, or name a scorer's: --server or RAPPEL_SERVER",
	NoFiles:     "files are for the program that trains on them itself",
	NeedText:    "name a text, or give it on standard input", NeedVersion: "name one model; rappel scorer models lists them",
	NeedCorrection: "name a survey and a response, and say what the verbatim means: --sentiment, --theme or --intent", BadWord: "%s: %q is none of %s",
	Language: "Language", Sentiment: "Sentiment", Themes: "Themes", Intents: "Intents", Version: "Read by", Cut: "the text was too long to be read whole", None: "none",
	CorrectedAs: "Correction %d is stored.",
	Reading:     "reading %s of %s answers, %s verbatims with a score", Learning: "learning, pass %d of %d",
	Promoted: "%s is in use now: it is better.", Kept: "%s is not better by enough; %s stays in use.", DryRun: "%s was not stored.", NotStored: "the training ended without a model",
	SentimentKept: "The sentiment stays that of the model in use: what was learnt is not better by enough.",
	TopicsTaught:  "Themes and intents were taught by %s corrections", TopicsKept: "Themes and intents stay those of the model in use",
	DimensionsF1: "dimensions F1 %s, now %s (on %s corrections held out)", IntentsF1: "intents F1 %s, now %s (on %s)",
	NoTopicsHeld: "none was held out to measure them on", Colon: ": ",
	InUse: "in use", HeldOut: "On %s answers that were held out:", Carried: "carried by the program",
	ModelColumns:   []string{"MODEL", "", "TRAINED", "ANSWERS", "AUC", "F1", "F1-3"},
	MeasureColumns: []string{"", "AUC", "F1", "F1-3", "ACCURACY"},
}

var frenchScorer = scorerWords{
	Commands: map[string]help{
		"analyse": {
			"Dire ce qui est trouvé dans un texte",
			"Dire ce que le scorer trouve dans un texte : langue, sentiment, thèmes, intentions,\nchacun avec ses preuves. Rien n'est conservé. Sans texte, l'entrée standard est lue.",
			"  rappel scorer analyse \"Toujours pas livré, je vais voir ailleurs.\"",
		},
		"correct": {
			"Dire ce que veut dire un verbatim, à la place de ce qui a été trouvé",
			"Dire ce que veut dire un verbatim, à la place de ce qui a été trouvé. La réponse est\nscorée à nouveau avec, ses alertes et son rappel suivent, et le prochain entraînement en\napprend. Ce qui n'est pas dit reste tel que trouvé ; ce qui avait été dit du même\nverbatim est remplacé.\n\nUn thème se nomme avec sa dimension (P, C, R ou G) et la façon dont il en est parlé.",
			"  rappel scorer correct apres-livraison r-1001 --customer CLÉ --by sam --sentiment negative\n  rappel scorer correct apres-livraison r-1001 --customer CLÉ --by sam --theme delivery_time:R:negative --intent churn_risk,urgent\n  rappel scorer correct apres-livraison r-1001 --customer CLÉ --by sam --no-intents",
		},
		"train": {
			"Entraîner un modèle sur les réponses conservées",
			"Entraîner un modèle de sentiment sur les réponses conservées : les notes des clients\ndisent ce que veulent dire leurs mots, et les corrections priment ; celles de thèmes et\nd'intentions lui apprennent à en trouver au-delà des règles. Chaque partie est comparée\nà celle du modèle en service, sur un cinquième des clients, mis de côté, et mise en\nservice si elle est meilleure. Chaque scorer le reprend en quelques instants.\n\nAvec des fichiers de réponses dont les notes sont connues, comme pour eval, un modèle\nest entraîné ici et écrit dans --out, et aucun scorer n'est sollicité.",
			"  rappel scorer train --by sam\n  rappel scorer train --dry-run -o json\n  rappel scorer train answers.csv --out model.bin",
		},
		"models": {"Lister les modèles", "Lister les modèles, le plus récent d'abord ; celui que porte le programme est le dernier.", "  rappel scorer models"},
		"promote": {
			"Mettre un modèle en service",
			"Mettre en service un modèle qui existe, quoi qu'il fasse de mieux : le précédent, ou\ncelui que porte le programme.",
			"  rappel scorer promote trained-1a2b3c4d --by sam",
		},
	},
	Flags: map[string]string{
		"server": "adresse du scorer (par défaut $RAPPEL_SERVER, sinon http://127.0.0.1:8080)", "lang": "fr ou en", "output": "text ou json",
		"by": "qui le dit (par défaut $RAPPEL_AGENT)", "dry-run": "entraîner et comparer, sans rien conserver",
		"customer": "clé du client, telle que dans les rappels et le flux", "verbatim": "quel verbatim de la réponse, à partir de 0",
		"sentiment": "negative, neutral ou positive", "theme": "un thème, comme delivery_time:R:negative ; peut être répété",
		"intent": "intentions, comme churn_risk,urgent", "no-themes": "il ne parle d'aucun", "no-intents": "le client n'en a aucune",
		"number": "numéro de la dernière correction que vous avez vue",
	},
	Reasons: map[string]string{
		"NO_SUCH_RESPONSE": "Ce client n'a pas cette réponse, ou elle n'a pas ce verbatim.", "NO_SUCH_MODEL": "Ce modèle n'existe pas ; rappel scorer models les liste.",
		"CORRECTED_MEANWHILE": "Quelqu'un d'autre l'a corrigé entre-temps.", "TRAINING_ALREADY": "Un modèle est en cours d'entraînement, ou a été mis en service entre-temps.",
		"TOO_FEW_ANSWERS": "Il y a trop peu de quoi apprendre.", "TOO_MANY_CORRECTIONS": "Cette réponse a été corrigée trop souvent.",
	},
	Unreachable: "démarrez un serveur avec `rappel run`, ou nommez celui d'un scorer : --server ou RAPPEL_SERVER",
	NoFiles:     "les fichiers sont pour le programme qui s'entraîne lui-même dessus",
	NeedText:    "nommez un texte, ou donnez-le sur l'entrée standard", NeedVersion: "nommez un modèle ; rappel scorer models les liste",
	NeedCorrection: "nommez une enquête et une réponse, et dites ce que veut dire le verbatim : --sentiment, --theme ou --intent", BadWord: "%s : %q n'est pas l'un de %s",
	Language: "Langue", Sentiment: "Sentiment", Themes: "Thèmes", Intents: "Intentions", Version: "Lu par", Cut: "le texte était trop long pour être lu en entier", None: "aucun",
	CorrectedAs: "La correction %d est conservée.",
	Reading:     "lecture de %s réponses sur %s, %s verbatims avec une note", Learning: "apprentissage, passe %d sur %d",
	Promoted: "%s est désormais en service : il est meilleur.", Kept: "%s n'est pas assez meilleur ; %s reste en service.", DryRun: "%s n'a pas été conservé.", NotStored: "l'entraînement s'est terminé sans modèle",
	SentimentKept: "Le sentiment reste celui du modèle en service : ce qui a été appris n'est pas assez meilleur.",
	TopicsTaught:  "Thèmes et intentions appris de %s corrections", TopicsKept: "Thèmes et intentions restent ceux du modèle en service",
	DimensionsF1: "F1 des dimensions %s, désormais %s (sur %s corrections mises de côté)", IntentsF1: "F1 des intentions %s, désormais %s (sur %s)",
	NoTopicsHeld: "aucune n'était mise de côté pour les mesurer", Colon: " : ",
	InUse: "en service", HeldOut: "Sur %s réponses mises de côté :", Carried: "porté par le programme",
	ModelColumns:   []string{"MODÈLE", "", "ENTRAÎNÉ", "RÉPONSES", "AUC", "F1", "F1-3"},
	MeasureColumns: []string{"", "AUC", "F1", "F1-3", "EXACTITUDE"},
}
