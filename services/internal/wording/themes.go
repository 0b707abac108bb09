// Package wording is what people read of the loop's own names, in French and English, where
// more than one program says it.
package wording

// Themes are the names of the themes that are shipped, by theme, in fr or en; read only. A
// deployment's own themes are not among them.
func Themes(language string) map[string]string {
	if language == "en" {
		return english
	}
	return french
}

var french = map[string]string{
	"product_quality": "qualité du produit", "conformity": "conformité", "packaging_condition": "état du colis", "price_value": "prix",
	"choice": "choix", "site_app": "site ou application", "network_service": "réseau", "food": "repas", "cleanliness_comfort": "propreté et confort",
	"staff_welcome": "accueil", "staff_competence": "compétence", "listening": "écoute", "advice": "conseil", "information": "information",
	"promise": "promesse", "unwanted_messages": "messages non désirés", "apology": "excuses", "delivery_time": "délai de livraison",
	"waiting": "attente", "speed": "rapidité", "reachability": "joignabilité", "complaint_handling": "traitement de la réclamation",
	"refund_returns": "remboursements et retours", "repair": "réparation", "recommendation": "recommandation", "loyalty": "fidélité",
	"effort": "effort", "atmosphere": "ambiance", "billing": "facturation", "experience": "expérience", "satisfaction": "satisfaction",
}

var english = map[string]string{
	"product_quality": "product quality", "conformity": "conformity", "packaging_condition": "condition of the parcel", "price_value": "price",
	"choice": "choice", "site_app": "site or app", "network_service": "network", "food": "food", "cleanliness_comfort": "cleanliness and comfort",
	"staff_welcome": "welcome", "staff_competence": "competence", "listening": "listening", "advice": "advice", "information": "information",
	"promise": "promise", "unwanted_messages": "unwanted messages", "apology": "apology", "delivery_time": "delivery time",
	"waiting": "waiting", "speed": "speed", "reachability": "reachability", "complaint_handling": "complaint handling",
	"refund_returns": "refunds and returns", "repair": "repair", "recommendation": "recommendation", "loyalty": "loyalty",
	"effort": "effort", "atmosphere": "atmosphere", "billing": "billing", "experience": "experience", "satisfaction": "satisfaction",
}
