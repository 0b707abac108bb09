package callbackqueue_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// one is a bundle with the first customer's callback claimed by amina.
func one(t *testing.T) (*bundle, object) {
	t.Helper()
	b := setup(t).ready()
	b.alert(1, "m-1", raised(1, "a-1"))
	b.settled()
	code, got := b.post("/v1/callbacks:claim", `{"agentId":"amina","requestId":"q-1"}`)
	require.Equal(t, http.StatusOK, code, "%v", got)
	return b, got["callback"].(object)
}

// hold is the body of a command of amina's, with the token she was given.
func hold(cb object, more string) string {
	return fmt.Sprintf(`{"agentId":"amina","token":%q%s}`, cb["holder"].(object)["token"], more)
}

func TestAClaimAnswersAsTheContractSays(t *testing.T) {
	t.Parallel()
	b, cb := one(t)
	require.Equal(t, id(1), cb["id"])
	require.Equal(t, "ASSIGNED", cb["state"])
	require.Equal(t, object{
		"id": "C-1042", "name": "Camille Inventée", "phone": "+33612345678", "email": "camille@example.org",
		"language": "fr", "timeZone": "Europe/Paris",
	}, cb["customer"])
	require.Equal(t, []any{object{
		"alertId": "a-1", "rule": "detractor", "survey": "apres-livraison", "responseId": "r-1", "revision": 1.0,
		"metric": "NPS", "value": 2.0, "class": "DETRACTOR", "satisfaction": 20.0,
		"scale":    object{"max": 10.0},
		"verbatim": "Livré en retard, et personne au téléphone.",
		"channel":  "email", "touchpoint": "delivery", "submittedAt": "2026-11-20T08:30:00Z", "priority": 50.0,
		"queue": "care", "raisedAt": "2026-11-20T08:30:00Z",
	}}, cb["reasons"])
	require.Equal(t, 58.0, cb["priority"], "the rule's 50, and 8 for 20 of 100")
	require.Equal(t, "care", cb["queue"])
	require.Equal(t, "2026-11-20T08:30:00Z", cb["openedAt"])
	require.Equal(t, "2026-11-21T08:30:00Z", cb["firstAttemptDue"])
	require.Equal(t, object{
		"agentId": "amina", "requestId": "q-1", "token": "2", "since": "2026-11-20T09:30:00Z",
		"leaseExpiresAt": "2026-11-20T09:45:00Z",
	}, cb["holder"])

	code, again := b.post("/v1/callbacks:claim", `{"agentId":"amina","requestId":"q-1"}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, cb, again["callback"])
	code, none := b.post("/v1/callbacks:claim", `{"agentId":"bruno"}`)
	require.Equal(t, http.StatusNotFound, code)
	require.Equal(t, "NO_CALLBACK_READY", reason(none))

	for _, secret := range []string{"Camille", "C-1042", "612345678", "example.org", "Livré"} {
		require.NotContains(t, b.told(), secret, "personal data in a log or a metric")
	}
	require.Contains(t, b.told(), "callback_claim_seconds_count")
}

func TestACallbackIsWorkedOverHTTP(t *testing.T) {
	t.Parallel()
	b, cb := one(t)
	path := "/v1/callbacks/" + id(1)
	for _, step := range []struct{ command, more, state string }{
		{":startAttempt", "", "ATTEMPTING"},
		{":endAttempt", `,"outcome":"REACHED","note":"calm"`, "WRAPPING"},
		{":complete", `,"outcome":"RESOLVED","rootCause":"carrier","note":"refund promised"`, "COMPLETED"},
		{":complete", `,"outcome":"RESOLVED","rootCause":"carrier","note":"refund promised"`, "COMPLETED"},
	} {
		code, got := b.post(path+step.command, hold(cb, step.more))
		require.Equal(t, http.StatusOK, code, "%s: %v", step.command, got)
		require.Equal(t, step.state, got["callback"].(object)["state"])
	}
	code, got := b.get(path)
	require.Equal(t, http.StatusOK, code)
	done := got["callback"].(object)
	require.Equal(t, object{
		"outcome": "RESOLVED", "rootCause": "carrier", "firstContact": true, "note": "refund promised", "agentId": "amina",
		"at": "2026-11-20T09:30:00Z",
	}, done["wrapUp"])
	require.Equal(t, "REACHED", done["attempts"].([]any)[0].(object)["outcome"])
	require.NotContains(t, done, "holder")

	code, got = b.post(path+":startAttempt", hold(cb, ""))
	require.Equal(t, http.StatusBadRequest, code)
	require.Equal(t, "NOT_POSSIBLE_NOW", reason(got))
	require.Contains(t, got["message"], "completed")
}

func TestAStaleTokenIsRefused(t *testing.T) {
	t.Parallel()
	b, cb := one(t)
	path := "/v1/callbacks/" + id(1)
	code, _ := b.post(path+":release", hold(cb, `,"reason":"on break"`))
	require.Equal(t, http.StatusOK, code)
	code, got := b.post("/v1/callbacks:claim", `{"agentId":"amina","requestId":"q-2"}`)
	require.Equal(t, http.StatusOK, code)
	code, refused := b.post(path+":startAttempt", hold(cb, "")) // the token of before
	require.Equal(t, http.StatusConflict, code)
	require.Equal(t, 10.0, refused["code"], "ABORTED")
	require.Equal(t, "STALE_TOKEN", reason(refused))
	code, _ = b.post(path+":startAttempt", `{"agentId":"bruno"}`)
	require.Equal(t, http.StatusConflict, code, "another agent, without a token")
	code, _ = b.post(path+":startAttempt", hold(got["callback"].(object), ""))
	require.Equal(t, http.StatusOK, code)
}

func TestAClosedCallbackIsCanceledNoMore(t *testing.T) {
	t.Parallel()
	b, _ := one(t)
	path := "/v1/callbacks/" + id(1) + ":cancel"
	code, got := b.post(path, `{"reason":"moved away","by":"sam"}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "CANCELED", got["callback"].(object)["state"])
	code, _ = b.post(path, `{"reason":"moved away","by":"sam"}`)
	require.Equal(t, http.StatusOK, code, "a repeat")
	code, _ = b.post(path, `{"reason":"another","by":"sam"}`)
	require.Equal(t, http.StatusBadRequest, code)
}

// A closed callback can be claimed again once it is reopened, and not before the
// moment it is moved to.
func TestAReopenedCallbackIsClaimedAgain(t *testing.T) {
	t.Parallel()
	b, _ := one(t)
	path := "/v1/callbacks/" + id(1)
	code, _ := b.post(path+":reopen", `{"reason":"moved back","by":"sam"}`)
	require.Equal(t, http.StatusBadRequest, code, "it is not closed")
	code, _ = b.post(path+":cancel", `{"reason":"moved away","by":"sam"}`)
	require.Equal(t, http.StatusOK, code)
	for range 2 { // once more, as after a lost answer
		code, got := b.post(path+":reopen", `{"reason":"moved back","by":"sam"}`)
		require.Equal(t, http.StatusOK, code)
		cb := got["callback"].(object)
		require.Equal(t, "PENDING", cb["state"])
		require.Equal(t, "moved back", cb["reopened"].(object)["reason"])
	}
	later := b.clock.Now().Add(time.Hour).Format(time.RFC3339)
	code, got := b.post(path+":reschedule", `{"notBefore":"`+later+`","by":"sam"}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, later, got["callback"].(object)["notBefore"])
	code, _ = b.post("/v1/callbacks:claim", `{"agentId":"amina"}`)
	require.Equal(t, http.StatusNotFound, code)
	b.clock.Advance(time.Hour)
	code, got = b.post("/v1/callbacks:claim", `{"agentId":"amina"}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, id(1), got["callback"].(object)["id"])
}

// Who works in another queue gets what was transferred there, before what was not
// escalated.
func TestATransferredCallbackIsClaimedElsewhere(t *testing.T) {
	t.Parallel()
	b, _ := one(t)
	path := "/v1/callbacks/" + id(1)
	for range 2 { // once more, as after a lost answer
		code, got := b.post(path+":transfer", `{"queue":"experts","reason":"technical","by":"sam"}`)
		require.Equal(t, http.StatusOK, code)
		cb := got["callback"].(object)
		require.Equal(t, []any{"PENDING", "experts"}, []any{cb["state"], cb["queue"]})
		require.Equal(t, "technical", cb["moved"].(object)["reason"])
	}
	_, before := b.get(path)
	for range 2 {
		code, got := b.post(path+":escalate", `{"reason":"press","role":"supervisor","by":"sam"}`)
		require.Equal(t, http.StatusOK, code)
		cb := got["callback"].(object)
		require.Equal(t, before["callback"].(object)["priority"].(float64)+20, cb["priority"])
		require.Equal(t, 1.0, cb["escalated"].(object)["level"])
	}
	_, got := b.get(path)
	points := before["callback"].(object)["priority"]
	require.Equal(t, object{
		"waiting": "FOR_AN_AGENT", "ahead": "0", "urgency": points, "escalation": 20.0,
		"worth": fmt.Sprintf("%vs", 360*(points.(float64)+20)),
	}, got["standing"])
	code, _ := b.post("/v1/callbacks:claim", `{"agentId":"amina","queues":["care"]}`)
	require.Equal(t, http.StatusNotFound, code)
	code, got = b.post("/v1/callbacks:claim", `{"agentId":"amina","queues":["experts"]}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, id(1), got["callback"].(object)["id"])
	_, got = b.get(path)
	require.Equal(t, "IN_HAND", got["standing"].(object)["waiting"])
	code, _ = b.post(path+":startAttempt", `{"agentId":"amina"}`)
	require.Equal(t, http.StatusOK, code)
	code, _ = b.post(path+":transfer", `{"queue":"vip","reason":"technical","by":"sam"}`)
	require.Equal(t, http.StatusBadRequest, code, "it is being called")
}

// One command for many: each by itself, with a result for each.
func TestManyAreTransferredAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	const count = 60
	ids := make([]string, 0, count+1)
	for n := 1; n <= count; n++ {
		b.alert(n, fmt.Sprintf("m-%d", n), raised(n, fmt.Sprintf("a-%d", n)))
		ids = append(ids, fmt.Sprintf("%q", id(n)))
	}
	b.settled()
	code, got := b.post("/v1/callbacks:claim", `{"agentId":"amina"}`)
	require.Equal(t, http.StatusOK, code)
	calling := got["callback"].(object)["id"].(string)
	code, _ = b.post("/v1/callbacks/"+calling+":startAttempt", `{"agentId":"amina"}`)
	require.Equal(t, http.StatusOK, code)
	ids = append(ids, fmt.Sprintf("%q", id(count+1))) // there is no such customer
	body := `{"ids":[` + strings.Join(ids, ",") + `],"transfer":{"queue":"experts","reason":"technical","by":"sam"}}`
	for range 2 { // once more, as after a lost answer
		code, got = b.post("/v1/callbacks:bulk", body)
		require.Equal(t, http.StatusOK, code, got)
		results := got["results"].([]any)
		require.Len(t, results, count+1)
		for i, r := range results {
			r := r.(object)
			require.Equal(t, ids[i], fmt.Sprintf("%q", r["id"]))
			switch r["id"] {
			case calling:
				require.Equal(t, []any{"FAILED_PRECONDITION", "NOT_POSSIBLE_NOW"}, []any{r["error"].(object)["code"], r["error"].(object)["reason"]})
			case id(count + 1):
				require.Equal(t, []any{"NOT_FOUND", "NO_SUCH_CALLBACK"}, []any{r["error"].(object)["code"], r["error"].(object)["reason"]})
			default:
				require.Equal(t, "PENDING", r["state"])
				require.NotContains(t, r, "error")
			}
		}
	}
	code, got = b.get("/v1/queues")
	require.Equal(t, http.StatusOK, code)
	ready := map[string]any{}
	for _, q := range got["queues"].([]any) {
		ready[q.(object)["queue"].(string)] = q.(object)["ready"]
	}
	require.Equal(t, fmt.Sprint(count-1), ready["experts"])
}

func TestABadBulkCommandChangesNothing(t *testing.T) {
	t.Parallel()
	b, _ := one(t)
	code, got := b.post("/v1/callbacks:bulk", `{"ids":["`+id(1)+`","nobody","`+id(1)+`"],"cancel":{"id":"x","by":"sam"}}`)
	require.Equal(t, http.StatusBadRequest, code)
	for _, field := range []string{"ids[1]", "ids[2]", "cancel.id", "cancel.reason"} {
		require.Contains(t, fmt.Sprint(got), field)
	}
	for body, field := range map[string]string{
		`{}`:                        "ids",
		`{"ids":["` + id(1) + `"]}`: "command",
		`{"ids":["` + strings.Repeat(id(1)+`","`, 500) + `x"],"cancel":{"reason":"x","by":"sam"}}`: "ids",
	} {
		code, got := b.post("/v1/callbacks:bulk", body)
		require.Equal(t, http.StatusBadRequest, code)
		require.Contains(t, fmt.Sprint(got), field)
	}
	_, got = b.get("/v1/callbacks/" + id(1))
	require.Equal(t, "ASSIGNED", got["callback"].(object)["state"])
}

// What closes a callback is chosen from the tree that is configured.
func TestTheRootCauseIsOneOfTheConfigured(t *testing.T) {
	t.Parallel()
	cfg := callbackqueue.DefaultConfig()
	cfg.RootCausesFile = "../../sample/root-causes.yaml"
	b := configured(t, testkit.Bus(t), cfg)
	b.ready()
	b.alert(1, "m-1", raised(1, "a-1"))
	b.settled()
	code, got := b.get("/v1/rootCauses")
	require.Equal(t, http.StatusOK, code)
	tree := got["rootCauses"].([]any)
	require.Len(t, tree, 4)
	first := tree[0].(object)["causes"].([]any)[0].(object)
	require.Equal(t, "product_service_quality/damaged", first["name"])
	require.NotEmpty(t, first["french"])
	require.NotEmpty(t, first["english"])

	path := "/v1/callbacks/" + id(1)
	for _, step := range [][2]string{
		{"/v1/callbacks:claim", `{"agentId":"amina"}`},
		{path + ":startAttempt", `{"agentId":"amina"}`},
		{path + ":endAttempt", `{"agentId":"amina","outcome":"REACHED"}`},
	} {
		code, _ := b.post(step[0], step[1])
		require.Equal(t, http.StatusOK, code)
	}
	words := func(cause string) string {
		return `{"agentId":"amina","outcome":"RESOLVED","note":"sent again","rootCause":"` + cause + `"}`
	}
	code, got = b.post(path+":complete", words("late parcel"))
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, fmt.Sprint(got), "rootCause")
	require.Contains(t, fmt.Sprint(got), "GET /v1/rootCauses")
	code, got = b.post(path+":complete", words("responsiveness_after_sales/delivery/late"))
	require.Equal(t, http.StatusOK, code)
	wrapUp := got["callback"].(object)["wrapUp"].(object)
	require.Equal(t, []any{"responsiveness_after_sales/delivery/late", true}, []any{wrapUp["rootCause"], wrapUp["firstContact"]})
}

func TestAWrongTreeOfRootCausesIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	cfg := callbackqueue.DefaultConfig()
	cfg.RootCausesFile = filepath.Join(t.TempDir(), "causes.yaml")
	d := callbackqueue.Deps{Bus: testkit.Bus(t), RPC: rpc.New(rpc.Options{})}
	_, err := callbackqueue.New(cfg, d)
	require.ErrorContains(t, err, "root_causes_file")
	require.NoError(t, os.WriteFile(cfg.RootCausesFile, []byte("root_causes:\n  - {id: price}\n"), 0o600))
	_, err = callbackqueue.New(cfg, d)
	require.ErrorContains(t, err, cfg.RootCausesFile+":2: the first level must be the dimensions")
}

// Two open callbacks of one customer would be two calls.
func TestWhatHasANewerOneIsNotReopened(t *testing.T) {
	t.Parallel()
	b, _ := one(t)
	path := "/v1/callbacks/" + id(1)
	code, _ := b.post(path+":cancel", `{"reason":"moved away","by":"sam"}`)
	require.Equal(t, http.StatusOK, code)
	b.alert(1, "m-2", raised(1, "a-2"))
	b.settled()
	code, got := b.post(path+":reopen", `{"reason":"moved back","by":"sam"}`)
	require.Equal(t, http.StatusBadRequest, code)
	require.Equal(t, "SUPERSEDED", reason(got))
	code, _ = b.post(path+":cancel", `{"reason":"moved away","by":"sam"}`)
	require.Equal(t, http.StatusOK, code, "who canceled it is answered as before")
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	for _, id := range []string{id(7), "nonsense", "*-1", "%3E-1"} {
		code, got := b.get("/v1/callbacks/" + id)
		require.Equal(t, http.StatusNotFound, code, id)
		require.Equal(t, "NO_SUCH_CALLBACK", reason(got))
		code, got = b.post("/v1/callbacks/"+id+":startAttempt", `{"agentId":"amina"}`)
		require.Equal(t, http.StatusNotFound, code, id)
		require.Equal(t, "NO_SUCH_CALLBACK", reason(got))
	}
}

func TestBadInputNamesEveryField(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	for body, want := range map[string][]string{
		`{"agentId":"no agent!","requestId":"` + strings.Repeat("x", 65) + `","queues":["a b"],"languages":["français"],"skills":["billing:3"]}`: {"queues", "languages", "skills", "agentId", "requestId"},
		`{}`: {"agentId"},
	} {
		code, got := b.post("/v1/callbacks:claim", body)
		require.Equal(t, http.StatusBadRequest, code)
		var names []string
		for _, d := range got["details"].([]any) {
			violations, _ := d.(object)["fieldViolations"].([]any)
			for _, v := range violations {
				names = append(names, v.(object)["field"].(string))
			}
		}
		require.ElementsMatch(t, want, names)
	}
	for _, body := range []string{`{"agentID":"amina"}`, `{"agentId":`, `[]`} {
		code, _ := b.post("/v1/callbacks:claim", body)
		require.Equal(t, http.StatusBadRequest, code, body)
	}
}

func TestPagesAndStats(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	const all = 25
	for n := range all {
		b.alert(n, fmt.Sprintf("m-%d", n), raised(n, fmt.Sprintf("a-%d", n)))
	}
	b.settled()
	seen := map[string]bool{}
	for token := ""; ; {
		code, got := b.get("/v1/callbacks?states=PENDING&queue=care&pageSize=10&pageToken=" + token)
		require.Equal(t, http.StatusOK, code, "%v", got)
		for _, cb := range got["callbacks"].([]any) {
			id := cb.(object)["id"].(string)
			require.False(t, seen[id])
			seen[id] = true
		}
		var more bool
		if token, more = got["nextPageToken"].(string); !more {
			break
		}
	}
	require.Len(t, seen, all)
	code, _ := b.get("/v1/callbacks?pageToken=zzz")
	require.Equal(t, http.StatusBadRequest, code)
	code, _ = b.get("/v1/callbacks?states=NOSUCH")
	require.Equal(t, http.StatusBadRequest, code)

	code, got := b.get("/v1/queues")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, []any{object{"queue": "care", "ready": "25", "unattended": "25", "oldestReady": "2026-11-20T08:30:00Z"}}, got["queues"])
}

func TestAListIsFilteredByAge(t *testing.T) {
	t.Parallel()
	b, cb := one(t)
	opened, err := time.Parse(time.RFC3339, cb["openedAt"].(string))
	require.NoError(t, err)
	count := func(query string) int {
		t.Helper()
		code, got := b.get("/v1/callbacks?" + query)
		require.Equal(t, http.StatusOK, code, got)
		list, _ := got["callbacks"].([]any)
		return len(list)
	}
	later := opened.Add(time.Second).UTC().Format(time.RFC3339)
	require.Equal(t, 1, count("openedFrom="+cb["openedAt"].(string)))
	require.Equal(t, 0, count("openedBefore="+cb["openedAt"].(string)))
	require.Equal(t, 1, count("openedBefore="+later+"&queue=care"))
	require.Equal(t, 0, count("openedFrom="+later))
	code, _ := b.get("/v1/callbacks?openedFrom=yesterday")
	require.Equal(t, http.StatusBadRequest, code)
}
