package verbatim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// topicCases are one a line: the dimensions with their polarity (0 is both, or not
// said), the intents, and a text.
const topicCases = `
P+ R+ G+ | . | Livraison rapide, produit conforme, je recommande
C+ G+ | . | Très bon accueil, je recommande
R0 | . | Livré le 12
G+ | . | Très satisfait
G+ | . | Parfait
G- | . | À fuir
G+ | . | Je recommande les yeux fermés
G- | . | Je ne recommande pas
G- | . | Très déçue
P+ | . | Colis bien emballé
P- | . | Article cassé à l'arrivée
P- | . | Trop cher pour ce que c'est
P+ | . | Bon rapport qualité prix
P+ | . | Large choix de produits
P- | . | Le site plante sans arrêt
P+ | . | Les plats étaient délicieux
P- | . | Chambre sale et bruyante
P+ | . | Chambre propre et confortable
P- | . | La pizza était froide
P- | . | Il manque une pièce
P- | . | Reçu le mauvais article
C+ | staff_praised | Vendeuse souriante et de bon conseil
C- | . | Vendeur désagréable
C- | . | Manque de respect
C- | . | Aucune explication
C- | . | Promesses non tenues
C+ | staff_praised | Conseillère à l'écoute
C- | . | On m'a menti
R- | . | Toujours pas reçu mon colis
R- | . | Deux heures d'attente
R- | . | Injoignable
R- | . | Personne ne répond au téléphone
R+ | . | Remboursement rapide
R- | . | Le SAV est nul
R+ | . | SAV réactif
R+ | . | Rapide
R- | . | Trop lent
R- | . | Livraison en retard
R- | . | Aucune réponse à mes mails
R+ | . | Réponse rapide
R+ P- | . | Livraison rapide mais produit cassé
C+ P- | . | Accueil agréable, mais chambre sale
P+ C- | . | Bon produit, vendeur impoli
G+ | . | Rien à redire
G+ | . | Aucun souci
G+ | . | Jamais déçu
G+ | . | Client depuis 20 ans, toujours satisfait
. | . | J'ai acheté mardi
. | . | Rien
. | . | RAS
. | . |
. | . | Muy bueno, todo perfecto
P+ R+ | . | Fast delivery and great quality
C+ | staff_praised | The staff was friendly
C- | . | The manager was rude
P- | . | The room was dirty
P- | . | It stopped working after a week
P+ | . | The food was delicious
P- | . | Overpriced
R- | . | Still waiting for my parcel
R- | . | Nobody answers the phone
R- | . | We waited forty minutes
R- | . | My flight was delayed
R+ | . | Quick response
R+ | . | My complaint was resolved quickly
G+ | . | I would recommend them to my friends
G- | . | Avoid like the plague
G+ | . | Very happy
G- | . | Very disappointed
G+ | . | Perfect
G+ | . | Can't fault it
C+ | . | They listened to me and explained everything
C- | . | They lied to me
P- | . | The app keeps crashing
P- | . | Missing items in the box
P+ | . | Great value for money
P+ C- | . | Good food but rude waiter
R- C+ | . | The delivery was late but the driver was polite
. | . | Nothing.
. | . | No comment
G- | churn_risk | Plus jamais
G- | churn_risk | Je ne commanderai plus chez vous
G- | churn_risk | C'est la dernière fois que je viens
G- | churn_risk | Je résilie mon abonnement
G- | churn_risk | Nous ne reviendrons pas
G- | churn_risk | Je n'y remettrai plus les pieds
G- | churn_risk | Je vais voir ailleurs
G- | churn_risk | Je passe à la concurrence
G- | churn_risk | Je change de banque
G- | churn_risk | Vous avez perdu un client
G- | churn_risk | jvous quitte
? | churn_risk | je recommanderai plus sur votre site, je n'achèterai plus rien
G- | churn_risk | Merci de clôturer mon compte
G- | churn_risk | Je pense partir à l'échéance
G- | churn_risk | on ne m'y reprendra plus
G- | churn_risk | Première et dernière commande
G+ | . | Je ne changerai pas
G+ | . | Je ne changerai pour rien au monde
G | . | Résiliation de mon ANCIEN contrat
G | . | J'ai quitté mon ancienne banque pour vous
G | . | Aucune raison de partir
G+ | . | Changer de banque ? Jamais de la vie.
? | . | Plus jamais eu de problème
? | . | Mon voisin a résilié son contrat
? | . | Je ne résilie pas mon contrat
? | . | Je ne veux pas résilier mon contrat
? | . | Jamais plus content
? | . | Le prix est au niveau de la concurrence
? | . | À chaque visite, hâte de la prochaine, la dernière fois c'était parfait
G- | churn_risk | Never again
G- | churn_risk | I will never use this company again
G- | churn_risk | I'm taking my business elsewhere
G- | churn_risk | Switching to another provider
G- | churn_risk | We will not be back
G- | churn_risk | Last time I fly with you
G- | churn_risk | Please cancel my subscription
G- | churn_risk | You've lost a customer
G- | churn_risk | I have closed my account
? | . | I would never leave
? | . | So glad I switched to you
? | . | I left my old bank for you and it was the best decision
? | . | Never again will I worry about my bills
? | . | My neighbour cancelled his contract
? | . | I am not leaving
? | . | We will be back
? | legal_threat | Je porte plainte
? | legal_threat | Mon avocat prendra contact avec vous
? | legal_threat | Je saisis le tribunal
? | legal_threat | Ceci est une mise en demeure
? | legal_threat | Signalement à la DGCCRF
? | legal_threat | J'ai saisi le médiateur
? | . | Salade à l'avocat très fraîche
? | . | Mon ami avocat vous a recommandés
? | legal_threat | My solicitor will be in touch
? | legal_threat | See you in court
? | legal_threat | I have reported you to trading standards
? | . | My lawyer friend recommended you
? | . | The food court is clean
? | refund_asked | Je demande le remboursement
? | refund_asked | Remboursez-moi
? | refund_asked | Merci de me rembourser
? | refund_asked | J'attends un geste commercial
? | refund_asked | Toujours pas remboursé
? | refund_asked | Je veux être remboursé
? | refund_asked | Rendez-moi mon argent
? | . | Remboursement reçu en deux jours
? | . | J'ai été remboursé sans discuter
? | . | Je ne demande pas de remboursement
? | . | Prenez rendez-vous, c'est rapide
? | refund_asked | I want my money back
? | refund_asked | Where is my refund?
? | refund_asked | I demand a full refund
? | . | Got a full refund within two days
? | . | Not asking for a refund
? | callback_asked | Rappelez-moi
? | callback_asked | Merci de me rappeler au plus vite
? | callback_asked | Je souhaite être contacté par un responsable
? | callback_asked | Pouvez-vous me joindre ?
? | callback_asked | Je voudrais qu'un conseiller me rappelle
? | . | Pas besoin de me rappeler
? | . | On m'a rappelée dans l'heure
? | . | Ne me rappelez pas
? | . | On devait me rappeler, j'attends encore
? | callback_asked | Please call me back
? | callback_asked | Can someone contact me?
? | callback_asked | I need to speak to a manager
? | . | No need to call me back
? | . | They called me back within the hour
? | . | They never called me back
? | urgent | C'est urgent
? | urgent | Sans chauffage depuis trois jours
? | urgent | Je suis bloqué à l'aéroport
? | urgent | Il me le faut pour demain
? | urgent | Mon vol est demain
? | urgent | Envoyez quelqu'un ce soir
? | urgent | Répondez-moi dès que possible
? | . | Rien d'urgent
? | . | Pas pressé
? | . | J'ai failli attendre
? | . | Dépannage fait en urgence, bravo
? | urgent | I need it today
? | urgent | We are stuck at the airport
? | urgent | No heating since Monday
? | urgent | This is urgent
? | urgent | Locked out of my account and rent is due tomorrow
? | . | Nothing urgent
? | . | No rush
? | safety | Mon fils a pris une décharge électrique
? | safety | Intoxication alimentaire
? | urgent safety | Odeur de gaz dans la chambre
? | safety | Produit dangereux pour les enfants
? | . | En toute sécurité
? | . | La crème brûlée était parfaite
? | safety | My daughter got an electric shock from the lamp
? | safety | We got food poisoning
? | safety | The brakes failed, it is dangerous
? | . | The fire alarm was tested
C+ | staff_praised | Merci à Nadia pour sa patience
C+ | staff_praised | Bravo à toute l'équipe
C+ | staff_praised | La conseillère a été adorable
C+ | staff_praised | Le technicien était très compétent
? | . | Merci de me répondre
? | . | J'aurais aimé un bon accueil
? | . | Vendeur odieux
C+ | staff_praised | Thank you to Anna at the front desk
C+ | staff_praised | The driver was lovely
C+ | staff_praised | Shout out to the night crew
? | . | The waiter was rude
? | . | No staff to be seen
? | suggestion | Ce serait bien d'ajouter un parking à vélos
? | suggestion | Vous devriez proposer la livraison le soir
? | suggestion | Pensez à mettre plus de caisses
? | suggestion | Il faudrait prévoir plus de personnel
? | . | Bonne idée cadeau
? | . | Vous devriez avoir honte
? | suggestion | You should add a dark mode
? | suggestion | It would be nice if you opened on Sundays
? | suggestion | Could do with more seats
? | . | No suggestions
? | . | No idea why
R- G- | churn_risk refund_asked | Je résilie et je demande le remboursement
R- G- | churn_risk callback_asked urgent | C'est urgent, rappelez-moi, sinon je change de fournisseur
`

func found(a *verbatim.Analyser, text string) (dimensions, intents string) {
	out := a.Read(text)
	labels := map[verbatim.Dimension][]verbatim.Label{}
	for _, th := range out.Themes {
		labels[th.Dimension] = append(labels[th.Dimension], th.Polarity)
	}
	var dims, wants []string
	for d := verbatim.Product; d <= verbatim.Overall; d++ {
		if l := labels[d]; l != nil {
			good, bad := slices.Contains(l, verbatim.Positive), slices.Contains(l, verbatim.Negative)
			sign := map[[2]bool]string{{true, false}: "+", {false, true}: "-"}[[2]bool{good, bad}]
			dims = append(dims, d.Letter()+sign)
		}
	}
	for _, in := range out.Intents {
		wants = append(wants, in.Intent.String())
	}
	return strings.Join(dims, " "), strings.Join(wants, " ")
}

// sameDimensions compares dimensions in any order; 0 and no sign are one.
func sameDimensions(want, got string) bool {
	if want == "?" {
		return true
	}
	w, g := strings.Fields(strings.NewReplacer("0", "", ".", "").Replace(want)), strings.Fields(got)
	slices.Sort(w)
	slices.Sort(g)
	return slices.Equal(w, g)
}

func TestTopics(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	var wrong []string
	cases := 0
	for row := range strings.Lines(strings.TrimSpace(topicCases)) {
		cells := strings.SplitN(row, "|", 3)
		want, intents, text := strings.TrimSpace(cells[0]), strings.Trim(cells[1], " ."), strings.TrimSpace(cells[2])
		dims, wants := found(a, text)
		if !sameDimensions(want, dims) || intents != wants {
			wrong = append(wrong, "found "+dims+" | "+wants+" for "+strings.TrimSpace(row))
		}
		cases++
	}
	require.Greater(t, cases, 150)
	require.Empty(t, wrong)
}
