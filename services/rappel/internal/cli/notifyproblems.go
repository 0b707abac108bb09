package cli

import (
	"strconv"
	"strings"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// problem is why a try failed, in the person's language; in English where an older version
// stored it without a code, or a newer one with a code that is not known here.
func (d *desk) problem(a *eventsv1.DeliveryAttempt) string {
	text, known := notifyWordsOf(d.w).Problems[a.GetProblem()]
	if !known {
		return oneLine(a.GetError())
	}
	number := func(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
	return strings.NewReplacer("{status}", number(a.GetStatus()), "{refused}", number(a.GetRefused()), "{addresses}", number(a.GetAddresses()),
		"{source}", oneLine(a.GetSource())).Replace(text)
}

// failure is why the last try to tell a receiver failed.
func (d *desk) failure(r *alertingv1.Receiver) string {
	if a := r.GetFailedAttempt(); a != nil {
		return d.problem(a)
	}
	return oneLine(r.GetFailure())
}

// disabledReason is why a receiver is disabled: in the words of whoever decided, else what it
// did itself.
func (d *desk) disabledReason(r *alertingv1.Receiver) string {
	if r.GetDisabledBy() == "" {
		return d.problem(&eventsv1.DeliveryAttempt{Problem: r.GetDisabledProblem(), Error: r.GetDisabledReason()})
	}
	return oneLine(r.GetDisabledReason())
}

// What a try's problems are called: of a hook, of a mail server, or of NATS, whichever the
// receiver is told by. Words in braces are the try's.
var (
	problemsFrench = map[eventsv1.DeliveryAttempt_Problem]string{
		eventsv1.DeliveryAttempt_ANSWERED:                "réponse {status}",
		eventsv1.DeliveryAttempt_GONE:                    "réponse 410, il n'existe plus",
		eventsv1.DeliveryAttempt_TIMED_OUT:               "pas de réponse à temps",
		eventsv1.DeliveryAttempt_CUT_SHORT:               "essai interrompu",
		eventsv1.DeliveryAttempt_NAME_UNKNOWN:            "nom d'hôte introuvable",
		eventsv1.DeliveryAttempt_CONNECTION_REFUSED:      "connexion refusée, rien n'écoute à cette adresse",
		eventsv1.DeliveryAttempt_UNREACHABLE:             "injoignable par le réseau",
		eventsv1.DeliveryAttempt_CONNECTION_LOST:         "connexion coupée avant la réponse",
		eventsv1.DeliveryAttempt_CERTIFICATE_NOT_TRUSTED: "certificat TLS non reconnu",
		eventsv1.DeliveryAttempt_NO_TLS:                  "pas de TLS à cette adresse",
		eventsv1.DeliveryAttempt_NETWORK_NOT_ALLOWED:     "adresse dans un réseau interdit, voir alerting.notify_allow_private",
		eventsv1.DeliveryAttempt_ADDRESS_NOT_ALLOWED:     "adresse qui ne peut être appelée, il faut https:// et le port 443",
		eventsv1.DeliveryAttempt_ADDRESS_NOT_THERE:       "pas d'adresse lisible dans {source}",
		eventsv1.DeliveryAttempt_SECRET_NOT_THERE:        "pas de secret lisible dans {source}",
		eventsv1.DeliveryAttempt_MESSAGE_UNWRITABLE:      "message impossible à écrire en JSON",
		eventsv1.DeliveryAttempt_NO_MAIL_SERVER:          "pas de serveur de messagerie, voir alerting.smtp",
		eventsv1.DeliveryAttempt_MAIL_FILE_UNREADABLE:    "fichier ou variable d'alerting.smtp impossible à lire",
		eventsv1.DeliveryAttempt_NO_STARTTLS:             "le serveur de messagerie n'offre pas STARTTLS",
		eventsv1.DeliveryAttempt_NO_AUTHORISATION:        "le serveur de messagerie n'offre aucune authentification connue",
		eventsv1.DeliveryAttempt_MAIL_SERVER_REFUSED:     "refus du serveur de messagerie ({status})",
		eventsv1.DeliveryAttempt_SENDER_REFUSED:          "adresse de l'expéditeur refusée ({status})",
		eventsv1.DeliveryAttempt_MESSAGE_REFUSED:         "message refusé ({status})",
		eventsv1.DeliveryAttempt_ADDRESS_REFUSED:         "adresse refusée définitivement ({status})",
		eventsv1.DeliveryAttempt_ADDRESS_DEFERRED:        "adresse refusée pour l'instant ({status})",
		eventsv1.DeliveryAttempt_SOME_ADDRESSES_REFUSED:  "adresses refusées : {refused} sur {addresses}",
		eventsv1.DeliveryAttempt_NO_ADDRESS:              "aucune adresse à laquelle écrire",
		eventsv1.DeliveryAttempt_BAD_ADDRESS:             "adresse électronique à laquelle on ne peut écrire",
		eventsv1.DeliveryAttempt_NO_NATS:                 "pas de NATS ici",
		eventsv1.DeliveryAttempt_NATS_AWAY:               "NATS ne répond pas",
		eventsv1.DeliveryAttempt_UNKNOWN_KIND:            "type de destinataire inconnu",
		eventsv1.DeliveryAttempt_NO_SUCH_RECEIVER:        "aucun destinataire de ce nom n'est configuré",
		eventsv1.DeliveryAttempt_CONTENT_UNREADABLE:      "ce que les clients ont dit ne peut être lu pour l'instant",
		eventsv1.DeliveryAttempt_CUSTOMER_UNREADABLE:     "l'adresse du client ne peut être lue pour l'instant",
		eventsv1.DeliveryAttempt_NO_CUSTOMER_ADDRESS:     "le client n'a pas donné d'adresse électronique",
		eventsv1.DeliveryAttempt_UNWANTED:                "le client ne veut pas être contacté",
		eventsv1.DeliveryAttempt_FORGOTTEN:               "l'alerte n'existe plus",
		eventsv1.DeliveryAttempt_NOT_FOR_CUSTOMERS:       "ce destinataire n'écrit pas aux clients, il y faut un email avec customers: true",
		eventsv1.DeliveryAttempt_OUTCOME_UNKNOWN:         "essai dont on ne sait pas ce qu'il a donné",
		eventsv1.DeliveryAttempt_WAITED_TOO_LONG:         "destinataire désactivé, ou absent de la configuration, depuis trop longtemps",
	}
	problemsEnglish = map[eventsv1.DeliveryAttempt_Problem]string{
		eventsv1.DeliveryAttempt_ANSWERED:                "answer {status}",
		eventsv1.DeliveryAttempt_GONE:                    "answer 410, it is gone",
		eventsv1.DeliveryAttempt_TIMED_OUT:               "no answer in time",
		eventsv1.DeliveryAttempt_CUT_SHORT:               "the try was cut short",
		eventsv1.DeliveryAttempt_NAME_UNKNOWN:            "its host's name cannot be looked up",
		eventsv1.DeliveryAttempt_CONNECTION_REFUSED:      "nobody listens there",
		eventsv1.DeliveryAttempt_UNREACHABLE:             "no way leads there",
		eventsv1.DeliveryAttempt_CONNECTION_LOST:         "the connection ended before an answer",
		eventsv1.DeliveryAttempt_CERTIFICATE_NOT_TRUSTED: "its certificate is not trusted",
		eventsv1.DeliveryAttempt_NO_TLS:                  "no TLS is spoken there",
		eventsv1.DeliveryAttempt_NETWORK_NOT_ALLOWED:     "its address is in a network that may not be reached, see alerting.notify_allow_private",
		eventsv1.DeliveryAttempt_ADDRESS_NOT_ALLOWED:     "its address may not be called, it must be https:// and on port 443",
		eventsv1.DeliveryAttempt_ADDRESS_NOT_THERE:       "no address can be read in {source}",
		eventsv1.DeliveryAttempt_SECRET_NOT_THERE:        "no secret can be read in {source}",
		eventsv1.DeliveryAttempt_MESSAGE_UNWRITABLE:      "the message cannot be written as JSON",
		eventsv1.DeliveryAttempt_NO_MAIL_SERVER:          "no mail server, see alerting.smtp",
		eventsv1.DeliveryAttempt_MAIL_FILE_UNREADABLE:    "a file or variable of alerting.smtp cannot be read",
		eventsv1.DeliveryAttempt_NO_STARTTLS:             "the mail server offers no STARTTLS",
		eventsv1.DeliveryAttempt_NO_AUTHORISATION:        "the mail server offers no way to authorise that is known here",
		eventsv1.DeliveryAttempt_MAIL_SERVER_REFUSED:     "the mail server refuses ({status})",
		eventsv1.DeliveryAttempt_SENDER_REFUSED:          "the sender's address is refused ({status})",
		eventsv1.DeliveryAttempt_MESSAGE_REFUSED:         "the message is refused ({status})",
		eventsv1.DeliveryAttempt_ADDRESS_REFUSED:         "the address is refused for good ({status})",
		eventsv1.DeliveryAttempt_ADDRESS_DEFERRED:        "an address is refused for now ({status})",
		eventsv1.DeliveryAttempt_SOME_ADDRESSES_REFUSED:  "addresses that were refused: {refused} of {addresses}",
		eventsv1.DeliveryAttempt_NO_ADDRESS:              "there is no address to write to",
		eventsv1.DeliveryAttempt_BAD_ADDRESS:             "an e-mail address cannot be written to",
		eventsv1.DeliveryAttempt_NO_NATS:                 "there is no NATS here",
		eventsv1.DeliveryAttempt_NATS_AWAY:               "NATS does not answer",
		eventsv1.DeliveryAttempt_UNKNOWN_KIND:            "the receiver is of no known kind",
		eventsv1.DeliveryAttempt_NO_SUCH_RECEIVER:        "no receiver of this name is configured",
		eventsv1.DeliveryAttempt_CONTENT_UNREADABLE:      "what the customers said cannot be read now",
		eventsv1.DeliveryAttempt_CUSTOMER_UNREADABLE:     "the customer's address cannot be read now",
		eventsv1.DeliveryAttempt_NO_CUSTOMER_ADDRESS:     "the customer gave no e-mail address",
		eventsv1.DeliveryAttempt_UNWANTED:                "the customer does not want to be contacted",
		eventsv1.DeliveryAttempt_FORGOTTEN:               "the alert is no longer there",
		eventsv1.DeliveryAttempt_NOT_FOR_CUSTOMERS:       "the receiver writes to no customers, it is an email with customers: true that does",
		eventsv1.DeliveryAttempt_OUTCOME_UNKNOWN:         "nobody said what came of the try",
		eventsv1.DeliveryAttempt_WAITED_TOO_LONG:         "the receiver was disabled, or not configured, for too long",
	}
)
