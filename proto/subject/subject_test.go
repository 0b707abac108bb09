package subject_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
)

const key = "abcdefghijklmnopqrstuvw234"

func TestSubjectsAreWhatTheContractSays(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"rappel.v1.response.apres-livraison.0af":        subject.Response("apres-livraison", "0af"),
		"rappel.v1.push.typeform.livraison.0af":         subject.Push("typeform", "livraison", "0af"),
		"rappel.v1.push.typeform.livraison.*":           subject.PushesOf("typeform", "livraison"),
		"rappel.v1.score.apres-livraison.0af":           subject.Score("apres-livraison", "0af"),
		"rappel.v1.alert.detractor.0af":                 subject.Alert("detractor", "0af"),
		"rappel.v1.callback.0af." + key:                 subject.Callback("0af", key),
		"rappel.v1.agent.abc":                           subject.Agent("abc"),
		"rappel.feed.v1.callback_opened.apres":          subject.FeedEvent("callback_opened", "apres"),
		"rappel.v1.dead.RESPONSES.deliveries_exhausted": subject.DeadLetter(subject.Responses, "deliveries_exhausted"),
		"rappel.v1.redrive.scorer":                      subject.Redrive("scorer"),
	} {
		require.Equal(t, want, got)
	}
}

func TestEverySubjectIsHeldByItsStreamAlone(t *testing.T) {
	t.Parallel()
	streams := map[string]string{
		subject.AllResponses: subject.Responses, subject.AllScores: subject.Scores, subject.AllAlerts: subject.Alerts,
		subject.AllCallbacks: subject.Callbacks, subject.AllFeed: subject.Feed, subject.AllDeadLetters: subject.DeadLetters,
		subject.AllRedrives: subject.DeadLetters, subject.AllAgents: subject.Agents, subject.AllPushes: subject.Pushes,
	}
	for subj, stream := range map[string]string{
		subject.Response("s", "001"): subject.Responses, subject.Score("s", "001"): subject.Scores, subject.Alert("r", "001"): subject.Alerts,
		subject.Callback("001", key): subject.Callbacks, subject.FeedEvent("t", "s"): subject.Feed,
		subject.DeadLetter("S", "r"): subject.DeadLetters, subject.Redrive("c"): subject.DeadLetters,
		subject.Agent(subject.AgentKeyOf("amina@example.org")): subject.Agents, subject.Push("s", "e", "001"): subject.Pushes,
	} {
		var holds []string
		for all, name := range streams {
			prefix, ok := strings.CutSuffix(all, ">")
			require.True(t, ok)
			if strings.HasPrefix(subj, prefix) {
				holds = append(holds, name)
			}
		}
		require.Equal(t, []string{stream}, holds)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for token, ok := range map[string]bool{
		"a": true, "A-Z_09": true, strings.Repeat("x", 64): true,
		"": false, strings.Repeat("x", 65): false, "a.b": false, "*": false, ">": false, "a b": false,
		"é": false, "a\x00": false, "a\n": false, "a/b": false, "$JS": false,
	} {
		if ok {
			require.NoError(t, subject.CheckToken(token), token)
			continue
		}
		require.ErrorIs(t, subject.CheckToken(token), subject.ErrToken, token)
		for name, build := range map[string]func(){
			"push source":     func() { subject.Push(token, "e", "001") },
			"push endpoint":   func() { subject.Push("s", token, "001") },
			"push lane":       func() { subject.Push("s", "e", token) },
			"pushes source":   func() { subject.PushesOf(token, "e") },
			"pushes endpoint": func() { subject.PushesOf("s", token) },
			"response survey": func() { subject.Response(token, "001") },
			"response bucket": func() { subject.Response("s", token) },
			"score":           func() { subject.Score(token, "001") },
			"alert":           func() { subject.Alert(token, "001") },
			"callback bucket": func() { subject.Callback(token, key) },
			"callback key":    func() { subject.Callback("001", token) },
			"feed":            func() { subject.FeedEvent("t", token) },
			"dead letter":     func() { subject.DeadLetter("S", token) },
			"redrive":         func() { subject.Redrive(token) },
			"agent":           func() { subject.Agent(token) },
		} {
			require.Panics(t, build, "%s %q", name, token)
		}
	}
}

// TestAPanicRepeatsNothing: what was not checked may be anything, a customer's
// name as well.
func TestAPanicRepeatsNothing(t *testing.T) {
	t.Parallel()
	defer func() {
		require.NotContains(t, recover(), "Amina")
	}()
	subject.Response("Amina B.", "001")
}

func TestBucketsAndCustomerKeys(t *testing.T) {
	t.Parallel()
	for bucket, ok := range map[string]bool{"000": true, "fff": true, "0a9": true, "": false, "00": false, "0000": false, "00g": false, "FFF": false, "00\n": false, "001\n": false} {
		require.Equal(t, ok, subject.CheckBucket(bucket) == nil, "%q", bucket)
	}
	for k, ok := range map[string]bool{
		key: true, strings.ToUpper(key): false, key[1:]: false, key + "a": false, "1" + key[1:]: false, "": false, key + "\n": false,
	} {
		require.Equal(t, ok, subject.CheckCustomerKey(k) == nil, "%q", k)
	}
}

func TestCheckCallbackID(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("a", 26)
	for id, ok := range map[string]bool{
		key + "-1": true, key + "-999999999": true, key + "-0": false, key + "-01": false, key: false, key + "-": false,
		"a-1": false, "": false, key + "-1 ": false, key + "-1234567890": false,
	} {
		require.Equal(t, ok, subject.CheckCallbackID(id) == nil, "%q", id)
	}
}

// The key of an agent is for ever: events are found by it.
func TestAgentKeys(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"amina": "6sd57tu3eyyzjepqz3qvamsxks", "Amina": "p37ju4qzkb5jzsjfejpu6uehvf", "amina@example.org": "sokaqyevbrmmhpob2qnua7mg52", "": "4oymiquy7qobjgx36tejs35zeq",
	} {
		require.Equal(t, want, subject.AgentKeyOf(id))
		require.NoError(t, subject.CheckToken(subject.AgentKeyOf(id)))
	}
}

func FuzzToken(f *testing.F) {
	for _, s := range []string{"", "a", "a.b", ">", "é", strings.Repeat("x", 65)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if subject.CheckToken(s) != nil {
			return
		}
		subj := subject.Response(s, "001")
		require.Len(t, strings.Split(subj, "."), 5)
		require.NotContains(t, subj, " ")
	})
}
