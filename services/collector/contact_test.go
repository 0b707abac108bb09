package collector_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

func TestWhoIsToBeCalledSaysWhere(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	for name, begin := range map[string]func(*visitor) string{
		"open":         func(v *visitor) string { return v.begin("") },
		"unknown":      func(v *visitor) string { return v.inviteTo("apres-achat", `{}`) },
		"known by tag": func(v *visitor) string { return v.inviteTo("apres-achat", `{"customer":{"language":"fr"}}`) },
	} {
		v := l.visitor()
		path := begin(v)
		a := v.send(path, "step", "1", "q-satisfied", "1")
		for _, want := range []string{
			`<label class="asks" for="name">Votre nom <span class="soft">(facultatif)</span>`, `<label class="asks" for="phone">Votre numéro de téléphone</label>`,
			`autocomplete="name"`, `autocomplete="tel"`, `autocomplete="email"`, `type="email"`, "ne servent qu&#39;à vous rappeler",
		} {
			require.Contains(t, a.body, want, name)
		}
		stored := len(l.events())
		for _, c := range []struct{ who, phone, email, field, want string }{
			{"Quenouille", "", "", "phone", "Indiquez un numéro"},
			{"Quenouille", "12", "", "phone", "Ce numéro n&#39;est pas complet."},
			{"Quenouille", "06 39 98 20 13", "zoe@", "email", "Cette adresse électronique n&#39;est pas complète."},
			{strings.Repeat("Quenouille ", 20), "06 39 98 20 13", "", "name", "Ce nom est trop long"},
		} {
			a = v.send(path, "step", "2", "q-why", "Je le garde.", "call", "yes", "name", c.who, "phone", c.phone, "email", c.email)
			require.Equal(t, 422, a.code, name)
			require.Equal(t, 1, strings.Count(a.body, `<li><a href="#`), a.body)
			require.Contains(t, a.body, `<li><a href="#`+c.field+`">`+c.want)
			require.Contains(t, a.body, `id="`+c.field+`-wrong">Erreur`)
			require.Contains(t, a.body, `aria-invalid="true" aria-describedby="`+c.field+`-wrong"`)
			for _, kept := range []string{"Quenouille", "value=\"" + c.phone, "value=\"" + c.email, "Je le garde.</textarea>", " checked"} {
				require.Contains(t, a.body, kept)
			}
		}
		require.Len(t, l.events(), stored, name)
	}
}

// All that is wrong is said at once, in the order of the page.
func TestEveryMistakeOfAContactIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	v := l.visitor()
	path := v.begin("?lang=en")
	v.send(path, "step", "1", "q-satisfied", "1")
	a := v.send(path+"?lang=en", "step", "2", "call", "yes", "name", "a\u0000b", "phone", "", "email", "x", "slot", "1-2")
	require.Equal(t, 422, a.code)
	var named []string
	for _, m := range regexp.MustCompile(`<li><a href="#([a-z]+)">`).FindAllStringSubmatch(a.body, -1) {
		named = append(named, m[1])
	}
	require.Equal(t, []string{"name", "phone", "email", "slot"}, named)
}

// The key is made before anybody knows who answers, and stays.
func TestAWishToBeCalledArrivesWithItsNumber(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	v := l.visitor()
	path := v.begin("")
	v.send(path, "step", "1", "q-satisfied", "1")
	a := v.send(path, "step", "2", "call", "yes", "name", "Quenouille", "phone", "06 39 98 20 14", "email", "Zoe@Example.org")
	require.Contains(t, a.body, "Merci de nous l&#39;avoir dit.")
	a = v.get(path + "?step=2")
	require.Contains(t, a.body, "au numéro que vous nous avez donné. Laissez vide ce qui ne change pas.")
	for _, hidden := range []string{"Quenouille", "9982014", "98 20 14", "zoe@"} {
		require.NotContains(t, a.body, hidden, "whoever has the link could read it")
	}
	v.send(path, "step", "2", "call", "yes", "q-why", "La caisse.")
	events := l.events()
	require.Len(t, events, 3)
	for _, e := range events {
		require.Equal(t, events[0].GetCustomerKey(), e.GetCustomerKey())
		require.Equal(t, events[0].GetBucket(), e.GetBucket())
	}
	require.Nil(t, events[1].GetPrevious().GetConsent())
	for _, e := range events[1:] {
		c := e.GetResponse().GetCustomer()
		require.Equal(t, []string{"", "Quenouille", "+33639982014", "zoe@example.org"}, []string{c.GetId(), c.GetName(), c.GetPhone(), c.GetEmail()})
		require.True(t, e.GetResponse().GetCallbackRequested())
		require.True(t, e.GetResponse().GetConsent().GetCallback())
	}
}

// What a browser filled in is not kept of who does not want to be called.
func TestAContactWithoutAWishIsNotStored(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	v := l.visitor()
	path := v.begin("")
	v.send(path, "step", "1", "q-satisfied", "1")
	a := v.send(path, "step", "2", "q-why", "Rien.", "name", "Quenouille", "phone", "12", "email", "zoe@")
	require.Equal(t, 200, a.code)
	r := l.events()[1].GetResponse()
	require.True(t, proto.Equal(&eventsv1.Customer{Language: "fr"}, r.GetCustomer()))
	require.False(t, r.GetConsent().GetCallback())
}

// Whom a link names is asked for a number only.
func TestWhoIsKnownIsNotAskedWho(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	v := l.visitor()
	for _, customer := range []string{`{"id":"C-1"}`, `{"email":"zoe@example.org"}`, `{"name":"Quenouille"}`} {
		path := v.inviteTo("apres-achat", `{"customer":`+customer+`}`)
		a := v.send(path, "step", "1", "q-satisfied", "1")
		require.Contains(t, a.body, `name="phone"`)
		require.NotContains(t, a.body, `name="name"`)
		require.NotContains(t, a.body, `name="email"`)
		v.send(path, "step", "2", "call", "yes", "phone", "06 39 98 20 15", "name", "Another", "email", "another@example.org")
	}
	for _, e := range l.events() {
		require.NotContains(t, e.String(), "nother")
	}
}
