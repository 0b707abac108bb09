package page

import (
	"strconv"

	"github.com/rappel-loop/rappel/services/collector/internal/survey"
)

// words are what the page says of itself, in one language.
type words struct {
	Lang                                      survey.Language
	NoPage, BadLink, Expired, Again, Later    string
	ToMend, Error, Choose, Optional           string
	Next, Send, Given, Change                 string
	AnyTime, When, Phone, OtherPhone, KnownAt string
	NeedPhone, BadPhone, SlotGone, TooLong    string
	Name, Email, BadName, BadEmail, Keep      string
	Stale, Anew, More                         string
}

func (w *words) given(label string) string { return w.Given + " " + label + ". " + w.Change }

// end says what an end of a scale means.
func (w *words) end(value int, means string) string {
	if w.Lang == survey.English {
		return strconv.Itoa(value) + ": " + means
	}
	return strconv.Itoa(value) + "\u00a0: " + means
}

func (v *visit) say() *words {
	if v.lang == survey.English {
		return &english
	}
	return &french
}

var french = words{
	Lang:    survey.French,
	NoPage:  "Cette page n'est pas disponible",
	BadLink: "Ce lien n'est pas complet. Copiez-le en entier depuis le message que vous avez reçu.",
	Expired: "Ce lien n'est plus valable. Si vous souhaitez encore nous répondre, écrivez-nous.",
	Again:   "Votre réponse n'a pas pu être lue. Revenez en arrière et envoyez-la de nouveau.",
	Later:   "Votre réponse n'a pas encore pu être enregistrée. Envoyez-la de nouveau dans quelques secondes.",
	ToMend:  "À corriger", Error: "Erreur\u00a0:", Choose: "Choisissez une réponse.", Optional: "(facultatif)",
	Next: "Continuer", Send: "Envoyer", Given: "Votre réponse\u00a0:", Change: "Modifier ma réponse",
	AnyTime: "Dès que possible", When: "Quand\u00a0?", Phone: "Votre numéro de téléphone", OtherPhone: "Un autre numéro",
	KnownAt:   "Nous vous appellerons au numéro que vous nous avez donné.",
	NeedPhone: "Indiquez un numéro où vous appeler.", BadPhone: "Ce numéro n'est pas complet. Exemple\u00a0: 06 12 34 56 78.",
	SlotGone: "Ce moment n'est plus proposé. Choisissez-en un autre.", TooLong: "Votre texte est trop long.",
	Name: "Votre nom", Email: "Votre adresse électronique", Keep: "Laissez vide ce qui ne change pas.",
	BadName:  "Ce nom est trop long, ou contient un signe qui ne peut pas être lu.",
	BadEmail: "Cette adresse électronique n'est pas complète. Exemple\u00a0: nom@example.org.",
	Stale:    "Cette page est restée ouverte trop longtemps. Vous pouvez recommencer.", Anew: "Recommencer",
	More: "En savoir plus sur vos données",
}

var english = words{
	Lang:    survey.English,
	NoPage:  "This page is not available",
	BadLink: "This link is not complete. Copy all of it from the message that you received.",
	Expired: "This link can no longer be used. If you would still like to answer, please write to us.",
	Again:   "Your answer could not be read. Go back and send it again.",
	Later:   "Your answer could not be saved yet. Please send it again in a few seconds.",
	ToMend:  "Please correct", Error: "Error:", Choose: "Choose an answer.", Optional: "(optional)",
	Next: "Continue", Send: "Send", Given: "Your answer:", Change: "Change my answer",
	AnyTime: "As soon as possible", When: "When?", Phone: "Your phone number", OtherPhone: "Another number",
	KnownAt:   "We will call you at the number that you have given us.",
	NeedPhone: "Give a number to call you at.", BadPhone: "This number is not complete. Example: +44 7911 123456.",
	SlotGone: "This time is no longer offered. Choose another one.", TooLong: "Your text is too long.",
	Name: "Your name", Email: "Your e-mail address", Keep: "Leave empty what stays the same.",
	BadName:  "This name is too long, or has a character that cannot be read.",
	BadEmail: "This e-mail address is not complete. Example: name@example.org.",
	Stale:    "This page was left open for too long. You can start again.", Anew: "Start again",
	More: "More about your data",
}
