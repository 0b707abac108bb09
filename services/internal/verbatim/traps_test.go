package verbatim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// traps are one a line, after the label that a careful reader gives them.
const traps = `
+ Aucun retard, colis bien emballé
+ Je n'ai rien à vous reprocher
+ On ne s'ennuie jamais chez vous, très bonne ambiance
+ Ni cher ni compliqué
+ Cadre magnifique et serveurs souriants
+ Moins cher qu'ailleurs
+ Pas cher du tout
+ Service après-vente réactif, problème résolu en une journée
+ Franchement bluffée par la qualité
+ Rapide, simple, efficace
+ Mille mercis à Zoé pour sa patience
+ L'attente était longue mais le résultat est parfait
+ Un accueil toujours aussi agréable
+ Jamais un souci en dix ans
+ Impeccable comme d'habitude
+ nickel chrome
+ The agent sorted everything out in minutes
+ No issues at all
+ Could not be happier
+ It wasn't bad at all
+ Cheap and cheerful, great value
+ I would definitely recommend them
+ Fast delivery, well packaged
+ Everything works perfectly, thanks
- Pas terrible
- Peu aimable
- Trop cher pour ce que c'est
- Le site plante sans arrêt
- Toujours pas remboursée
- Plus jamais je ne commanderai ici
- Ne fonctionne plus au bout de deux jours
- La chambre sentait mauvais et les draps étaient sales
- Personne ne répond au téléphone
- Quarante minutes d'attente pour une réponse fausse
- Le chauffeur a été agressif avec ma mère
- On m'a raccroché au nez
- Facture incompréhensible et conseiller injoignable
- Manque total de respect
- Médecin pressé, secrétaire désagréable
- Je suis extrêmement déçue de mon assurance
- Aucun suivi, aucune excuse
- cest une honte
- C'était mieux avant
- L'application bug depuis la mise à jour
- Not worth the money
- The food was not good
- Never again
- I will not be back
- Nobody called me back
- Rude staff, dirty toilets
- The app keeps crashing
- Still no answer after three emails
- Overpriced and bland
- They lost my luggage
- It doesn't work anymore
- Too expensive
= Livraison mardi
= rien de particulier
= Sans commentaire
= No comment
= Nothing to report
= none
= Je suis passée en agence lundi
= My appointment is on Tuesday
`

func TestTraps(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	names := map[string]string{"+": "positive", "-": "negative", "=": "neutral"}
	var wrong []string
	for row := range strings.Lines(strings.TrimSpace(traps)) {
		sign, text, _ := strings.Cut(strings.TrimSpace(row), " ")
		if got := a.Read(text).Sentiment.Label.String(); got != names[sign] {
			wrong = append(wrong, got+": "+row)
		}
	}
	require.Empty(t, wrong)
}
