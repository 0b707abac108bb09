package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// at a terminal of a width.
func (e env) on(width int) env {
	e.terminal = func(io.Writer) (int, bool) { return width, true }
	return e
}

func TestWhatAgentsRead(t *testing.T) {
	t.Parallel()
	const (
		pending    = eventsv1.Callback_PENDING
		assigned   = eventsv1.Callback_ASSIGNED
		attempting = eventsv1.Callback_ATTEMPTING
		wrapping   = eventsv1.Callback_WRAPPING
		completed  = eventsv1.Callback_COMPLETED
	)
	wrapUp := []string{"--outcome", "resolved", "--root-cause", "Consigne mal comprise", "--note", "Échange accepté, excuses faites."}
	for name, c := range map[string]struct {
		state eventsv1.Callback_State
		args  []string
		none  bool
	}{
		"help":             {args: []string{}},
		"help-end":         {args: []string{"end", "--help"}},
		"claim":            {state: pending, args: []string{"claim", "--agent", "amina"}},
		"claim-nobody":     {state: pending, args: []string{"claim", "--agent", "amina"}, none: true},
		"claim-who":        {state: pending, args: []string{"claim"}},
		"show":             {state: wrapping, args: []string{"show", id}},
		"show-closed":      {state: completed, args: []string{"show", id}},
		"show-unknown":     {state: pending, args: []string{"show", "nobody-1"}},
		"show-what":        {state: pending, args: []string{"show"}},
		"start":            {state: assigned, args: []string{"start", id, "--agent", "amina"}},
		"start-not-mine":   {state: assigned, args: []string{"start", id, "--agent", "bob"}},
		"start-pending":    {state: pending, args: []string{"start", id, "--agent", "amina"}},
		"end":              {state: attempting, args: []string{"end", id, "--agent", "amina", "--outcome", "REACHED"}},
		"end-later":        {state: attempting, args: []string{"end", id, "--agent", "amina", "--outcome", "call-later", "--call-again-at", "9:15", "--note", "Après la sieste."}},
		"end-what":         {state: attempting, args: []string{"end", id, "--agent", "amina"}},
		"end-bad":          {state: attempting, args: []string{"end", id, "--agent", "amina", "--outcome", "perhaps"}},
		"end-later-when":   {state: attempting, args: []string{"end", id, "--agent", "amina", "--outcome", "call-later"}},
		"complete":         {state: wrapping, args: append([]string{"complete", id, "--agent", "amina"}, wrapUp...)},
		"complete-early":   {state: assigned, args: append([]string{"complete", id, "--agent", "amina"}, wrapUp...)},
		"complete-onair":   {state: attempting, args: append([]string{"complete", id, "--agent", "amina"}, wrapUp...)},
		"complete-twice":   {state: completed, args: append([]string{"complete", id, "--agent", "amina"}, wrapUp...)},
		"complete-gaps":    {state: wrapping, args: []string{"complete", id, "--agent", "amina", "--outcome", "resolved"}},
		"complete-at-once": {state: assigned, args: append([]string{"complete", id, "--agent", "amina", "--reached"}, wrapUp...)},
		"release":          {state: assigned, args: []string{"release", id, "--agent", "amina"}},
		"transfer":         {state: assigned, args: []string{"transfer", id, "--by", "sam", "--to", "experts", "--reason", "question technique"}},
		"transfer-many":    {state: pending, args: []string{"transfer", id, "zyxwvutsrqponmlkjihgfedcba-2", "--by", "sam", "--to", "experts", "--reason", "question technique"}},
		"transfer-gaps":    {state: assigned, args: []string{"transfer", id}},
		"transfer-onair":   {state: attempting, args: []string{"transfer", id, "--by", "sam", "--to", "experts", "--reason", "question technique"}},
		"escalate":         {state: pending, args: []string{"escalate", id, "--by", "sam", "--points", "30", "--role", "direction", "--reason", "cliente de longue date"}},
		"reschedule":       {state: pending, args: []string{"reschedule", id, "--by", "sam", "--at", "9:15"}},
		"reschedule-bad":   {state: pending, args: []string{"reschedule", id, "--by", "sam", "--at", "soon"}},
		"cancel":           {state: pending, args: []string{"cancel", id, "--by", "sam", "--reason", "réglé en boutique"}},
		"reopen":           {state: completed, args: []string{"reopen", id, "--by", "sam", "--reason", "la panne est revenue"}},
		"routing":          {args: []string{"routing", id}},
		"queues":           {args: []string{"queues"}},
		"queues-none":      {args: []string{"queues"}, none: true},
		"routing-nobody":   {args: []string{"routing", id}, none: true},
		"routing-unknown":  {args: []string{"routing", "nobody-1"}},
		"routing-what":     {args: []string{"routing"}},
		"show-moved":       {state: pending, args: []string{"show", id}},
		"causes":           {args: []string{"causes"}},
		"causes-any":       {args: []string{"causes"}, none: true},
		"help-transfer":    {args: []string{"transfer", "--help"}},
		"list":             {state: pending, args: []string{"list"}},
		"list-nothing":     {state: pending, args: []string{"list"}, none: true},
		"list-more":        {state: pending, args: []string{"list", "--limit", "1", "--queue", "default"}},
		"show-promised":    {state: pending, args: []string{"show", id}},
		"show-missed":      {state: assigned, args: []string{"show", id}},
		"show-missed-50":   {state: assigned, args: []string{"show", id}},
		"show-called":      {state: attempting, args: []string{"show", id}},
		"show-called-late": {state: wrapping, args: []string{"show", id}},
		"show-kept":        {state: completed, args: []string{"show", id}},
		"show-void":        {state: completed, args: []string{"show", id}},
		"show-paused":      {state: pending, args: []string{"show", id}},
		"show-paused-else": {state: pending, args: []string{"show", id}},
		"show-step":        {state: pending, args: []string{"show", id}},
		"reschedule-asked": {state: pending, args: []string{"reschedule", id, "--by", "sam", "--at", "9:15", "--customer-asked"}},
		"show-slots":       {state: pending, args: []string{"show", id}},
		"show-slots-here":  {state: pending, args: []string{"show", id}},
		"show-slots-80":    {state: assigned, args: []string{"show", id}},
		"show-given":       {state: completed, args: []string{"show", id}},
		"show-asked-80":    {state: completed, args: []string{"show", id}},
		"show-again-80":    {state: pending, args: []string{"show", id}},
		"show-again-alert": {state: pending, args: []string{"show", id}},
		"show-again-well":  {state: assigned, args: []string{"show", id}},
		"show-again-after": {state: completed, args: []string{"show", id}},
		"complete-gift":    {state: wrapping, args: append([]string{"complete", id, "--agent", "amina", "--gesture", "voucher:15,5"}, wrapUp...)},
		"complete-gift-no": {state: wrapping, args: append([]string{"complete", id, "--agent", "amina", "--gesture", "voucher:15,505"}, wrapUp...)},
		"help-complete":    {args: []string{"complete", "--help"}},
		"help-list":        {args: []string{"list", "--help"}},
		"help-reschedule":  {args: []string{"reschedule", "--help"}},
		"queues-late":      {args: []string{"queues"}},
		"queues-late-80":   {args: []string{"queues"}},
		"queues-late-50":   {args: []string{"queues"}},
		"queues-80":        {args: []string{"queues"}},
		"list-late":        {state: pending, args: []string{"list"}},
		"list-late-80":     {state: pending, args: []string{"list"}},
		"list-late-50":     {state: pending, args: []string{"list"}},
		"list-late-more":   {state: pending, args: []string{"list", "--limit", "1", "--sla", "At_Risk,breached", "--text", "trop tard", "--older-than", "48h"}},
		"list-sla-bad":     {state: pending, args: []string{"list", "--sla", "kept,late"}},
		"list-bad":         {state: pending, args: []string{"list", "--state", "asleep"}},
	} {
		for _, lang := range []string{"fr", "en"} {
			t.Run(name+"-"+lang, func(t *testing.T) {
				t.Parallel()
				q := newQueue(t, c.state)
				q.none, q.late = c.none, strings.Contains(name, "-late")
				if c.state == completed {
					q.cb.ClosedAt, q.cb.Attempts[0].Outcome = at(0), eventsv1.Attempt_REACHED
					q.cb.WrapUp = &eventsv1.WrapUp{Outcome: eventsv1.WrapUp_RESOLVED, RootCause: "Consigne mal comprise", Note: "Excuses faites.", FirstContact: true}
				}
				if change := changes[name]; change != nil {
					change(q.cb)
				}
				e := world(map[string]string{"RAPPEL_SERVER": q.URL, "LANG": lang + "_XX.UTF-8"})
				if strings.HasPrefix(name, "list") || strings.HasPrefix(name, "queues") || strings.HasPrefix(name, "routing") {
					e = e.on(120)
				}
				switch { // terminals of a width
				case strings.HasSuffix(name, "-80"), name == "show-promised", name == "show-missed", name == "show-kept":
					e = e.on(80)
				case strings.HasSuffix(name, "-50"):
					e = e.on(50)
				}
				out, errs, err := run(t, e, callbacksCommand, append([]string{"callbacks"}, c.args...)...)
				require.Empty(t, errs)
				if err != nil {
					out += "rappel: " + err.Error() + "\n"
				}
				require.NotContains(t, out, "\x1b[31mTr", "what a customer typed is not obeyed")
				golden(t, name+"."+lang, strings.ReplaceAll(out, "\x1b", "␛"))
			})
		}
	}
}

func TestJSONIsTheAPIsAnswer(t *testing.T) {
	t.Parallel()
	q := newQueue(t, eventsv1.Callback_PENDING)
	e := world(map[string]string{"RAPPEL_SERVER": q.URL, "RAPPEL_AGENT": "amina"})
	out, _, err := run(t, e, callbacksCommand, "callbacks", "claim", "-o", "json")
	require.NoError(t, err)
	var claimed struct {
		Callback struct {
			ID      string
			State   string
			Reasons []struct{ Metric string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &claimed))
	require.Equal(t, id, claimed.Callback.ID)
	require.Equal(t, "ASSIGNED", claimed.Callback.State)
	require.Equal(t, "CSAT", claimed.Callback.Reasons[0].Metric)

	out, _, err = run(t, e, callbacksCommand, "callbacks", "list", "-o", "json", "--limit", "3")
	require.NoError(t, err)
	var listed struct {
		Callbacks     []struct{ ID string }
		NextPageToken string
	}
	require.NoError(t, json.Unmarshal([]byte(out), &listed))
	require.Len(t, listed.Callbacks, 2, "two short pages and an empty one are one list")
	require.Empty(t, listed.NextPageToken)

	out, _, err = run(t, e, callbacksCommand, "callbacks", "routing", id, "-o", "json")
	require.NoError(t, err)
	var routing struct {
		Queue  string
		Agents []struct {
			AgentID   string
			Obstacles []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &routing))
	require.Equal(t, "default", routing.Queue)
	require.Equal(t, []string{"QUEUE"}, routing.Agents[2].Obstacles)
	out, _, err = run(t, e, callbacksCommand, "callbacks", "routing", id)
	require.NoError(t, err)
	require.Len(t, strings.Split(out, "\n"), 2+len(routing.Agents), "no terminal: a header and a line each, with tabs")

	q.none = true
	out, _, err = run(t, e, callbacksCommand, "callbacks", "claim", "-o", "json")
	require.Error(t, err)
	require.True(t, json.Valid([]byte(out)))
	require.Contains(t, out, "NO_CALLBACK_READY")
}

func TestListAsksForWhatIsWanted(t *testing.T) {
	t.Parallel()
	q := newQueue(t, eventsv1.Callback_PENDING)
	e := world(map[string]string{"RAPPEL_SERVER": q.URL, "RAPPEL_AGENT": "amina"})
	out, _, err := run(t, e, callbacksCommand, "callbacks", "list", "--state", "completed,CANCELED", "--agent", "bob", "--queue", "vip")
	require.NoError(t, err)
	require.Equal(t, []string{
		"GET /v1/callbacks?agentId=bob&pageSize=50&queue=vip&states=COMPLETED&states=CANCELED",
		"GET /v1/callbacks?agentId=bob&pageSize=49&pageToken=more&queue=vip&states=COMPLETED&states=CANCELED",
		"GET /v1/callbacks?agentId=bob&pageSize=48&pageToken=even&queue=vip&states=COMPLETED&states=CANCELED",
	}, q.calls)
	require.Equal(t, 3, strings.Count(out, "\n"), "no terminal: a header and a line each, with tabs")
	require.Equal(t, 8*3, strings.Count(out, "\t"))
	q.calls = nil
	_, _, err = run(t, e, callbacksCommand, "callbacks", "list", "--limit", "1", "--state", "all", "--older-than", "90m", "--newer-than", "48h")
	require.NoError(t, err)
	require.Equal(t, []string{"GET /v1/callbacks?openedBefore=2026-11-09T12%3A00%3A00Z&openedFrom=2026-11-07T13%3A30%3A00Z&pageSize=1"}, q.calls)
	q.calls = nil
	_, _, err = run(t, e, callbacksCommand, "callbacks", "list", "--limit", "1")
	require.NoError(t, err)
	require.Equal(t, []string{"GET /v1/callbacks?pageSize=1&states=PENDING&states=RESERVED&states=ASSIGNED&states=ATTEMPTING&states=WRAPPING"}, q.calls, "the environment's agent does not narrow a list")
	q.calls = nil
	_, _, err = run(t, e, callbacksCommand, "callbacks", "list", "--limit", "1", "--state", "all")
	require.NoError(t, err)
	require.Equal(t, []string{"GET /v1/callbacks?pageSize=1"}, q.calls)
}

func TestClaimIsOneClaimHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	q := newQueue(t, eventsv1.Callback_PENDING)
	var requests []string
	q.fail = func(n int, w http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		var req struct{ RequestID string }
		require.NoError(t, json.Unmarshal(body, &req))
		requests = append(requests, req.RequestID)
		switch n {
		case 1:
			panic(http.ErrAbortHandler) // the answer is lost
		case 2:
			rpc.WriteError(w, rpc.TryLater(codes.Unavailable, "INDEX_REBUILDING", "again", time.Second))
			return true
		}
		return false
	}
	e := world(map[string]string{"RAPPEL_SERVER": q.URL})
	_, errs, err := run(t, e, callbacksCommand, "callbacks", "claim", "--agent", "amina", "--lang", "en")
	require.NoError(t, err)
	require.Equal(t, strings.Repeat(english.Repeating+"\n", 2), errs)
	require.Len(t, requests, 3)
	require.NotEmpty(t, requests[0])
	require.Equal(t, requests[0], requests[1])
	require.Equal(t, requests[0], requests[2])
}

func TestRefusalsNameEveryField(t *testing.T) {
	t.Parallel()
	q := newQueue(t, eventsv1.Callback_WRAPPING)
	q.fail = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		rpc.WriteError(w, rpc.Invalid(rpc.Field{Path: "rootCause", Problem: "must be 1 to 200 characters"}, rpc.Field{Path: "note", Problem: "must be 1 to 4,000 characters"}))
		return true
	}
	e := world(map[string]string{"RAPPEL_SERVER": q.URL})
	_, _, err := run(t, e, callbacksCommand, "callbacks", "complete", id, "--agent", "amina", "--outcome", "resolved", "--root-cause", "x", "--note", "y")
	require.EqualError(t, err, "Il manque quelque chose, ou une valeur ne convient pas :\n  rootCause: must be 1 to 200 characters\n  note: must be 1 to 4,000 characters")
	q.fail = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusTeapot)
		return true
	}
	_, _, err = run(t, e, callbacksCommand, "callbacks", "show", id)
	require.EqualError(t, err, "Le serveur refuse : HTTP 418 I'm a teapot")
	_, _, err = run(t, world(nil), callbacksCommand, "callbacks", "show", id, "--server", "127.0.0.1:1")
	require.EqualError(t, err, fill(french.Unreachable, "http://127.0.0.1:1", "rappel"))
	_, _, err = run(t, world(nil), callbacksCommand, "callbacks", "show", id, "--lang", "de")
	require.EqualError(t, err, french.BadLang)
	_, _, err = run(t, world(nil), callbacksCommand, "callbacks", "dance")
	require.ErrorContains(t, err, "« dance » est de trop.")
}

func TestWhatIsProposedCanBePasted(t *testing.T) {
	t.Parallel()
	q := newQueue(t, eventsv1.Callback_PENDING)
	e := world(nil)
	next := []string{"callbacks", "claim", "--agent", "amina", "--server", q.URL}
	for _, want := range []eventsv1.Callback_State{eventsv1.Callback_ASSIGNED, eventsv1.Callback_ATTEMPTING, eventsv1.Callback_WRAPPING, eventsv1.Callback_COMPLETED} {
		out, _, err := run(t, e, callbacksCommand, next...)
		require.NoError(t, err)
		require.Equal(t, want, q.cb.GetState())
		line := regexp.MustCompile(`(?m)^    rappel (.*)$`).FindStringSubmatch(out)
		require.NotNil(t, line, out)
		next = splitLine(line[1])
	}
	require.Equal(t, "ce qui a été dit et promis", q.cb.GetWrapUp().GetNote())
	require.Equal(t, []string{"callbacks", "claim", "--agent", "amina", "--server", q.URL}, next)
}

// splitLine takes a line apart as a shell does, as far as these need it.
func splitLine(s string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(s, -1) {
		words = append(words, m[1]+m[2])
	}
	return words
}

func TestMoments(t *testing.T) {
	t.Parallel()
	paris := time.FixedZone("", 3600)
	local := now.In(paris) // 14:30
	for text, want := range map[string]string{
		"15:00": "2026-11-09T15:00:00+01:00", "9h15": "2026-11-10T09:15:00+01:00", "+2h": "2026-11-09T16:30:00+01:00", "30m": "2026-11-09T15:00:00+01:00",
		"2026-11-21 09:00": "2026-11-21T09:00:00+01:00", "21/11/2026 09:00": "2026-11-21T09:00:00+01:00", "2026-11-21T09:00:00Z": "2026-11-21T09:00:00Z",
	} {
		got, ok := parseMoment(text, local)
		require.True(t, ok, text)
		require.Equal(t, want, got.Format(time.RFC3339), text)
	}
	for _, text := range []string{"", "soon", "25:00", "-2h", "0s"} {
		_, ok := parseMoment(text, local)
		require.False(t, ok, text)
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for want, vars := range map[string][]map[string]string{
		"fr": {nil, {"LANG": "C"}, {"LANG": "de_DE.UTF-8"}, {"LANG": "en_GB", "LC_ALL": "fr_CA.UTF-8"}, {"LC_ALL": "C", "LANG": "en_GB"}},
		"en": {{"LANG": "en_US.UTF-8"}, {"LC_MESSAGES": "en"}, {"RAPPEL_LANG": "en", "LC_ALL": "fr_FR"}},
	} {
		for _, v := range vars {
			w, ok := language("", func(k string) string { return v[k] })
			require.True(t, ok)
			require.Equal(t, want == "en", w == &english, "%v", v)
		}
	}
}

// Nothing an agent reads may be missing in one language, or take other
// arguments than in the other.
func TestBothLanguagesSayEverything(t *testing.T) {
	t.Parallel()
	verbs := regexp.MustCompile(`%[0-9]*[a-z]`)
	fr, en := reflect.ValueOf(french), reflect.ValueOf(english)
	for i := range fr.NumField() {
		name := fr.Type().Field(i).Name
		require.False(t, fr.Field(i).IsZero(), "fr %s", name)
		require.False(t, en.Field(i).IsZero(), "en %s", name)
		switch fr.Field(i).Kind() {
		case reflect.String:
			same := func(s string) []string { return verbs.FindAllString(strings.ReplaceAll(s, "%q", "%s"), -1) }
			require.Equal(t, same(fr.Field(i).String()), same(en.Field(i).String()), name)
		default:
			require.Equal(t, fr.Field(i).Len(), en.Field(i).Len(), name)
		}
	}
	for s := range eventsv1.Callback_State_name {
		require.Equal(t, s != 0, french.States[eventsv1.Callback_State(s)] != "")
	}
	for c := range eventsv1.Class_name {
		require.Equal(t, c != 0, french.Classes[eventsv1.Class(c)] != "")
	}
	for s := range eventsv1.Severity_name {
		require.Equal(t, eventsv1.Severity(s) >= eventsv1.Severity_HIGH, french.Severities[eventsv1.Severity(s)] != "")
	}
	for s := range eventsv1.SLA_State_name {
		require.Equal(t, eventsv1.SLA_State(s) >= eventsv1.SLA_AT_RISK, french.SLAStates[eventsv1.SLA_State(s)] != "")
	}
	for s := range callbackv1.AgentStatus_name {
		require.Equal(t, s != 0, french.Statuses[callbackv1.AgentStatus(s)] != "")
	}
	for o := range callbackv1.ExplainRoutingResponse_Candidate_Obstacle_name {
		require.Equal(t, o != 0, english.Obstacles[callbackv1.ExplainRoutingResponse_Candidate_Obstacle(o)] != "")
	}
	for _, o := range attemptOutcomes {
		require.NotEmpty(t, french.Attempts[o.value])
	}
	require.Len(t, attemptOutcomes, len(eventsv1.Attempt_Outcome_name)-1)
	for _, o := range wrapOutcomes {
		require.NotEmpty(t, english.Wraps[o.value])
	}
	require.Len(t, wrapOutcomes, len(eventsv1.WrapUp_Outcome_name)-2, "UNREACHABLE is the policy's to give")
	require.NotNil(t, callbackv1.CallbackService_ServiceDesc.Methods)
}

func TestAWrongOptionIsSaidInTheAgentsLanguage(t *testing.T) {
	t.Parallel()
	english := map[string]string{"LANG": "en_GB.UTF-8"}
	for _, c := range []struct {
		vars map[string]string
		args []string
		want string
	}{
		{english, []string{"list", "--x"}, "There is no option --x. `rappel callbacks list --help` lists those there are."},
		{english, []string{"list", "-x"}, "There is no option -x."},
		{english, []string{"list", "--limit"}, "--limit needs a value."},
		{english, []string{"list", "--limit", "many"}, `--limit: "many" is no value it can have.`},
		{nil, []string{"claim", "--x"}, "L'option --x n'existe pas. « rappel callbacks claim --help » donne la liste."},
		{english, []string{"--lang", "fr", "claim", "--token"}, "L'option --token n'existe pas."},
		{english, []string{"--lang", "fr", "list", "--limit"}, "--limit attend une valeur."},
		{nil, []string{"list", "--limit", "beaucoup"}, "--limit : « beaucoup » n'est pas une valeur possible."},
	} {
		_, _, err := run(t, world(c.vars), callbacksCommand, append([]string{"callbacks"}, c.args...)...)
		require.ErrorContains(t, err, c.want)
	}
}
