package cli

import (
	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// english is what an English-speaking agent reads.
var english = words{
	Usage: map[string]string{
		"Usage:": "Usage:", "Aliases:": "Aliases:", "Examples:": "Examples:", "Available Commands:": "Commands:",
		"Additional Commands:": "More commands:", "Global Flags:": "Common options:", "Flags:": "Options:",
		"Additional help topics:": "More topics:", "[command]": "[command]",
		"for more information about a command.": "says more about a command.", `Use "`: `"`, `--help"`: `--help"`,
	},
	Commands: map[string]help{
		"callbacks": {
			Short: "Call customers back: an agent's desk",
			Long: `Call dissatisfied customers back, from a terminal.

Amina's morning:

  rappel callbacks claim --agent amina
      takes the most urgent callback and says who, why, and which number

  rappel callbacks start ID --agent amina
      "I am dialling"

  rappel callbacks end ID --agent amina --outcome reached
      "the customer answered" (no-answer: it comes back later in the queue)

  rappel callbacks complete ID --agent amina --outcome resolved \
      --root-cause "parcel lost" --note "Sent another one today."
      closes the callback

The last three steps in one, when the call is already over:

  rappel callbacks complete ID --agent amina --reached --outcome resolved \
      --root-cause "parcel lost" --note "Sent another one today."

RAPPEL_AGENT saves repeating --agent, RAPPEL_SERVER says where the server is.`,
		},
		"list": {
			Short: "Show the open callbacks, oldest first",
			Example: `  rappel callbacks list
  rappel callbacks list --agent amina
  rappel callbacks list --state completed,canceled --limit 20
  rappel callbacks list --sla at-risk,breached
  rappel callbacks list --text delivery`,
		},
		"claim": {Short: "Take the next callback, the most urgent", Example: "  rappel callbacks claim --agent amina"},
		"show":  {Short: "Show a callback in full", Example: "  rappel callbacks show ID"},
		"start": {Short: "Say that you are calling", Example: "  rappel callbacks start ID --agent amina"},
		"complete": {
			Short: "Close a callback whose customer was reached",
			Example: `  rappel callbacks complete ID --agent amina --outcome resolved \
      --root-cause "parcel lost" --note "Sent again."
  rappel callbacks complete ID --agent amina --outcome resolved \
      --root-cause "parcel lost" --note "Sent again." --gesture voucher:15.50`,
		},
		"release":     {Short: "Give a callback back to the queue, with its age", Example: "  rappel callbacks release ID --agent amina --reason \"taking a break\""},
		"causes":      {Short: "Show the root causes to choose from", Example: "  rappel callbacks causes"},
		"queues":      {Short: "Show what waits in each queue, and who is there to take it", Example: "  rappel callbacks queues"},
		"routing":     {Short: "Show who could take a callback, and why the others can't", Example: "  rappel callbacks routing ID"},
		"requeue":     {Short: "Take a callback back from an agent who is gone", Example: "  rappel callbacks requeue ID --by sam --reason \"her line is dead\""},
		"transfer":    {Short: "Put a callback into another queue, with its age", Example: "  rappel callbacks transfer ID --by sam --to experts --reason \"technical question\""},
		"escalate":    {Short: "Make a callback more urgent", Example: "  rappel callbacks escalate ID --by sam --points 30 --role management --reason \"a customer of many years\""},
		"reschedule":  {Short: "Say from when on to call", Example: "  rappel callbacks reschedule ID --by sam --at 14:30 --customer-asked\n  rappel callbacks reschedule ID --by sam --at now"},
		"cancel":      {Short: "Close a callback that nobody needs any more", Example: "  rappel callbacks cancel ID --by sam --reason \"settled in the shop\""},
		"reopen":      {Short: "Open a closed callback again", Example: "  rappel callbacks reopen ID --by sam --reason \"it broke once more\""},
		"do-not-call": {Short: "Say that a customer asked never to be called", Example: "  rappel callbacks do-not-call ID --by sam"},
		"end": {
			Short: "Say what came of the call",
			Example: `  rappel callbacks end ID --agent amina --outcome reached
  rappel callbacks end ID --agent amina --outcome no-answer
  rappel callbacks end ID --agent amina --outcome call-later --call-again-at 14:30`,
		},
		"agents": {
			Short: "Who works here, and what each can take",
			Long: `The agents: who works here, and what each can take.

  rappel agents set agents.yaml --by sam
      adds or changes the agents written in a file;
      sample/agents.yaml is one to start from

  rappel agents list
      shows the agents

Those that the server's configuration declares (callback.agents_file) are changed
there, not here. RAPPEL_SERVER says where the server is.`,
		},
		"agents list":   {Short: "Show the agents", Example: "  rappel agents list\n  rappel agents list --team lille\n  rappel agents list --queue retention"},
		"agents show":   {Short: "Show an agent in full", Example: "  rappel agents show amina"},
		"agents set":    {Short: "Add or change the agents of a file", Example: "  rappel agents set agents.yaml --by sam"},
		"agents remove": {Short: "Remove agents", Example: "  rappel agents remove agent-1 agent-2 --by sam"},
		"alerts": {
			Short: "The alerts: what rules found, who looks after it, what became of it",
			Long: `The alerts: what rules found, who looks after it, and what became of it.

  rappel alerts list
      shows those that stand, the worst and newest first

  rappel alerts ack ID --by sam
      says that somebody looks after it: others are not told of it again

docs/alerts.md explains the life of an alert, and its labels. RAPPEL_SERVER says where
the server is, RAPPEL_AGENT saves --by.`,
		},
		"alerts list": {
			Short:   "Show alerts, the worst and newest first",
			Example: "  rappel alerts list\n  rappel alerts list --severity high,critical --match theme=delivery_time\n  rappel alerts list --state all --match 'team!=care'",
		},
		"alerts show":    {Short: "Show an alert in full, with what happened to it", Example: "  rappel alerts show ID"},
		"alerts ack":     {Short: "Say that you look after alerts", Example: "  rappel alerts ack ID --by sam --for 2h --comment \"I call the carrier\""},
		"alerts unack":   {Short: "Say that nobody looks after alerts any more", Example: "  rappel alerts unack ID --by sam"},
		"alerts resolve": {Short: "Say that alerts stand no more", Example: "  rappel alerts resolve ID1 ID2 --by sam --comment \"settled\""},
		"alerts groups":  {Short: "Show the groups in which people are told, and when they are next", Example: "  rappel alerts groups\n  rappel alerts groups --route urgent"},
		"silences": {
			Short: "Silences: what people want to hear nothing of for a time",
			Long: `Silences: what people want to hear nothing of for a time. The alerts are there all the
same, and whoever looks sees them; when a silence ends, what still stands is told.

  rappel silences add --match theme=delivery_time --for 2h --comment "strike" --by sam
      silences a theme for two hours

  rappel silences list
      shows those that hold, and those to come

docs/notifications.md explains silences. RAPPEL_SERVER says where the server is,
RAPPEL_AGENT saves --by.`,
		},
		"silences list": {Short: "Show silences: those that hold, then those to come", Example: "  rappel silences list\n  rappel silences list --ended"},
		"silences add": {
			Short:   "Silence alerts for a time",
			Example: "  rappel silences add --match theme=delivery_time --for 2h --comment \"strike\" --by sam\n  rappel silences add --match team=shop --until \"2026-12-31 18:00\" --every \"mon-fri 18:00-24:00\" --zone Europe/Paris --comment \"closed\" --by sam",
		},
		"silences expire": {Short: "End silences now", Example: "  rappel silences expire ID --by sam"},
		"notify": {
			Short: "Who is told of alerts, and whether it reaches them",
			Long: `Who is told of alerts, and whether it reaches them.

  rappel notify receivers
      shows who is told, and how that goes

  rappel notify test chat --dry-run
      shows what a receiver would get; without --dry-run it is sent

  rappel notify deliveries --state failed
      shows what was given up; "rappel notify replay" orders it again

docs/receivers.md explains receivers. RAPPEL_SERVER says where the server is,
RAPPEL_AGENT saves --by.`,
		},
		"notify receivers":  {Short: "Show the receivers, and how it goes with each"},
		"notify test":       {Short: "Send a receiver a made-up notification, or show it", Example: "  rappel notify test chat --by sam\n  rappel notify test chat --kind escalated --dry-run\n  rappel notify test --file notify.yaml --receiver chat --dry-run"},
		"notify deliveries": {Short: "Show what was sent, the newest first", Example: "  rappel notify deliveries --receiver chat --state failed"},
		"notify show":       {Short: "Show a delivery with its tries", Example: "  rappel notify show ID"},
		"notify replay":     {Short: "Order deliveries again that have ended", Example: "  rappel notify replay ID1 ID2 --by sam\n  rappel notify replay --failed chat --since 1d --by sam"},
		"notify enable":     {Short: "Tell a receiver again, and of what waits", Example: "  rappel notify enable chat --by sam"},
		"notify disable":    {Short: "Tell a receiver nothing; what is for it waits", Example: "  rappel notify disable chat --by sam --reason \"moved\""},
		"feed": {
			Short: "Follow the feed: every step as it happens, without personal data",
			Long: `Follow the feed of the loop, one line an event: the answer, its score, the alert, the
callback, what came of it. No personal data is in it: customers appear by their key.
docs/feed.md explains the feed.

With -o json each line is a CloudEvent. With --cursor FILE the place is kept: a script
that is started again goes on where it was, and misses nothing. After a kill the last
second may come again, with the same ids.`,
			Example: `  rappel feed
  rappel feed --types callback_opened,callback_completed --queue care
  rappel feed -o json --from beginning --cursor place.txt | ./my-script`,
		},
		"work": {
			Short: "Be at work: callbacks are offered as they come",
			Long: `Be at work as an agent: callbacks are offered here as they come, each with who,
why and which number, and how long there is to answer. Type a and Enter to take
one, r to decline it, p and c for a break, q to leave; ? shows them all. The end of
the input and ctrl-c leave, too.

What is done with a callback that was taken is told by rappel callbacks, in another
terminal: the commands are shown.

RAPPEL_AGENT saves naming the agent, RAPPEL_GRPC says where the server is.`,
			Example: "  rappel work amina\n  rappel work amina --capacity 2\n  rappel work amina -o json",
		},
	},
	Flags: map[string]string{
		"grpc": "the server's gRPC address (default $RAPPEL_GRPC, else 127.0.0.1:9090)", "capacity": "how many callbacks at once, 1 to 50 (default what the roster says, else 1)",
		"notify-kind": "which kind: new, repeated, escalated, resolved, test, fallback (default new)", "notify-dry-run": "only show what would be sent",
		"notify-file": "the notify file to read, without a server", "notify-file-receiver": "which receiver of --file", "public-url": "with --file: where people are told to look",
		"notify-reason": "why, up to 500 characters", "notify-failed": "all that was given up for this receiver", "notify-since": "with --failed: made since, as 1d or 12h, or a time",
		"notify-receiver": "only those to this receiver", "delivery-state": "only these: pending, sending, delivered, failed",
		"alert-state": "which states, or all: firing, acknowledged, resolved (resolved within the last hour; default those that stand)", "severity": "only these: low, medium, high, critical",
		"match": "only those that this picks, as theme=delivery_time, severity=~\"high|critical\", team!=care; may be repeated",
		"ended": "those that have ended, too: for 30 days", "route": "only those of this route", "every": "hold only then, every week: days and periods, as \"mon-fri 18:00-24:00\"",
		"silence-match": "what is silenced, as theme=delivery_time or severity=~\"low|medium\"; repeated, all must match", "silence-for": "for how long, as 2h; or --until",
		"silence-from": "from when: 18:00, 2026-12-24 18:00, 2h (default now)", "silence-until": "until when: 18:00, 2026-12-24 18:00, 2h; or --for",
		"silence-zone": "whose clock --every goes by, as Europe/Paris (default this machine's where it has a name, else UTC)", "silence-comment": "why, up to 500 characters",
		"silence-request": "makes it repeatable: the same again within a day is the same silence",
		"group":           "only those of this group", "customer": "only this customer's, by their key",
		"comment": "what you say of it, up to 500 characters", "for": "for how long at most, 1m to 720h (default as the route says, else as long as it stands)",
		"team": "only this team", "works-in": "only those who work in this queue",
		"types": "only these types of events, as callback_opened: docs/feed-events.md", "survey": "only what is about these surveys", "feed-queue": "only what is about these queues",
		"feed-from": "where to begin: now, beginning, 10m, 2026-11-09T10:00:00Z (default now)", "cursor": "file that keeps the place; when it is there, the feed goes on from it",
		"help": "this help", "server": "the server's address (default $RAPPEL_SERVER, else http://127.0.0.1:8080)",
		"lang": "language: fr or en (default the terminal's)", "output": "text or json (the API's answer)",
		"agent": "who you are (default $RAPPEL_AGENT)", "state": "which states, or all: pending, reserved, assigned, attempting, wrapping, completed, canceled",
		"queue": "only this queue", "held-by": "only this agent's callbacks", "limit": "how many at most, 1 to 1000 (default 50)", "page": "go on from a former list",
		"request-id": "makes the claim repeatable: the same request gets the same callback", "token": "the claim's token, to refuse an outdated command",
		"attempt-outcome": "reached, no-answer, busy, voicemail, wrong-number, refused, call-later, technical-failure",
		"wrap-outcome":    "resolved, partly-resolved, unresolved, no-action-needed",
		"call-again-at":   "when the customer wants to be called: 14:30, +2h, \"2026-11-21 09:00\"",
		"note":            "what to remember", "root-cause": "why it happened", "reason": "why you give it back",
		"sla": "how its SLA stands: on-track, at-risk, breached, kept (without --state, closed callbacks are there only with kept)", "text": "only those with this text in the customer's words, a rule or a survey",
		"older-than": "opened longer ago than: 2h30m, 48h", "newer-than": "opened less long ago than",
		"by": "who decides (otherwise $RAPPEL_AGENT)", "decision-reason": "why, up to 200 characters", "to": "the queue it goes to",
		"points": "points of priority to add, 1 to 100 (otherwise 20)", "role": "who should know of it",
		"at":             "from when on to call: now, 14:30, +2h, \"2026-11-21 09:00\"",
		"customer-asked": "the customer chose the moment: the clocks stand still until then",
		"gesture":        "gesture of goodwill: KIND or KIND:VALUE, as voucher:15.50",
		"reached":        "the call is over and the customer answered: does start and end too",
	},
	States: map[eventsv1.Callback_State]string{
		eventsv1.Callback_PENDING: "waiting", eventsv1.Callback_RESERVED: "offered", eventsv1.Callback_ASSIGNED: "assigned",
		eventsv1.Callback_ATTEMPTING: "calling", eventsv1.Callback_WRAPPING: "wrapping up",
		eventsv1.Callback_COMPLETED: "completed", eventsv1.Callback_CANCELED: "canceled",
	},
	Classes: map[eventsv1.Class]string{
		eventsv1.Class_DETRACTOR: "detractor", eventsv1.Class_PASSIVE: "passive", eventsv1.Class_PROMOTER: "promoter",
		eventsv1.Class_DISSATISFIED: "dissatisfied", eventsv1.Class_NEUTRAL: "neutral", eventsv1.Class_SATISFIED: "satisfied",
		eventsv1.Class_HIGH_EFFORT: "high effort", eventsv1.Class_LOW_EFFORT: "low effort",
		eventsv1.Class_RESOLVED: "settled at the first contact", eventsv1.Class_UNRESOLVED: "not settled at the first contact",
	},
	Attempts: map[eventsv1.Attempt_Outcome]string{
		eventsv1.Attempt_REACHED: "reached", eventsv1.Attempt_NO_ANSWER: "no answer", eventsv1.Attempt_BUSY: "busy",
		eventsv1.Attempt_VOICEMAIL_LEFT: "message left", eventsv1.Attempt_WRONG_NUMBER: "wrong number",
		eventsv1.Attempt_REFUSED: "does not want to talk", eventsv1.Attempt_CALL_LATER: "to call again", eventsv1.Attempt_TECHNICAL_FAILURE: "technical failure",
	},
	Wraps: map[eventsv1.WrapUp_Outcome]string{
		eventsv1.WrapUp_RESOLVED: "resolved", eventsv1.WrapUp_PARTLY_RESOLVED: "partly resolved", eventsv1.WrapUp_UNRESOLVED: "not resolved",
		eventsv1.WrapUp_NO_ACTION_NEEDED: "nothing to do", eventsv1.WrapUp_UNREACHABLE: "unreachable",
	},
	Rules: map[string]string{
		"callback_requested": "asked to be called back", "detractor": "detractor", "low_csat": "dissatisfied", "high_effort": "too much effort",
	},
	Languages:  map[string]string{"fr": "French", "en": "English", "de": "German", "es": "Spanish", "it": "Italian", "nl": "Dutch", "pt": "Portuguese", "ar": "Arabic"},
	Severities: map[eventsv1.Severity]string{eventsv1.Severity_HIGH: "serious", eventsv1.Severity_CRITICAL: "critical"},
	SLAStates:  map[eventsv1.SLA_State]string{eventsv1.SLA_AT_RISK: "at risk", eventsv1.SLA_BREACHED: "missed", eventsv1.SLA_KEPT: "kept"},
	Reasons: map[string]string{
		"NO_CALLBACK_READY":   "Nobody to call back right now.",
		"NO_SUCH_CALLBACK":    "There is no callback with this id.",
		"NOT_POSSIBLE_NOW":    "That is not possible at this step.",
		"NO_SUCH_DELIVERY":    "There is no delivery with this id; they are kept for 30 days.",
		"DELIVERY_UNDER_WAY":  "This delivery is on its way: it is tried again by itself.",
		"NO_SUCH_RECEIVER":    "No receiver has this name: \"rappel notify receivers\" lists them.",
		"NO_SUCH_ALERT":       "There is no alert with this id.",
		"ALERT_RESOLVED":      "This alert stands no more: there is nothing to look after.",
		"NOT_HOLDER":          "Another agent has this callback in hand.",
		"STALE_TOKEN":         "This callback is no longer yours: it was given back or taken since.",
		"LEASE_OVER":          "Your time with this callback is over; claim again.",
		"NOT_READY":           "This callback cannot be taken yet.",
		"TOO_LATE":            "This callback was closed too long ago to be opened again.",
		"DO_NOT_CALL":         "This customer is on the do-not-call list: they are not to be called.",
		"DO_NOT_CALL_LOADING": "The do-not-call list is still being read: nobody is called before. Try again in a moment.",
		"SUPERSEDED":          "This customer has a newer callback: that is the one to follow.",
		"INDEX_UNAVAILABLE":   "The queue does not answer; nothing is lost, try again in a moment.",
		"INDEX_REBUILDING":    "The queue is being read again; nothing is lost, try again in a moment.",
		"CONTENDED":           "Too many agents at once; try again.",
		"STORE_FULL":          "The server is out of room; nothing was changed. Tell the operators.",
		"STORE_UNAVAILABLE":   "The server could not store it; try again.",
		"INVALID_FIELDS":      "Something is missing or does not fit:",
		"CURSOR_EXPIRED":      "What came after this place is no longer kept: delete the file of --cursor, and begin anew with --from beginning or --from now.",
		"INTERNAL":            "The server had a problem; it is in its log.",
		"AGENT_EXISTS":        "Another agent has this id already.",
		"NO_SUCH_AGENT":       "There is no agent with this id.",
		"STALE_REVISION":      "Somebody else has just changed this agent; look at them, then try again.",
		"TOO_MANY_AGENTS":     "There are too many agents: remove some first.",
		"ROSTER_LOADING":      "The agents are being read; try again in a moment.",
		"REPLACED":            "You have come in elsewhere: this terminal is over.",
		"GOING_AWAY":          "The server is about to stop; what you have in hand stays yours for a while.",
		"UNKNOWN_AGENT":       "Only agents of the roster can take callbacks, and this one is not in it.",
		"DECLINED":            "This agent was offered it a short while ago, and did not take it.",
		"AGENT_AWAY":          "You have said that you are away. Say that you are available first.",
		"AGENT_AT_DESK":       "The agent who has it is at their desk and at work on it: ask them.",
		"AT_CAPACITY":         "This agent has in hand all they can.",
		"GOODWILL_LIMIT":      "Your role does not allow this gesture of goodwill.",

		"DECLARED_IN_CONFIGURATION": "This agent is declared in the server's configuration, and changed there.",
	},
	Callback: "Callback", Held: "with %s", Priority: "priority %d", Opened: "opened %s ago", Ago: "%s ago", Closed: "closed %s", Canceled: "Canceled: %s",
	Place: "Its place in queue %s", PlaceUnknown: "The queue does not answer: its place is not known.", FirstInLine: "It is the next.",
	OneAhead: "One goes before it.", Ahead: "%d go before it.",
	Urgency: "%d for the gravest reason", FurtherReasons: "%d for the others", EscalationPoints: "%d by escalation",
	Worth:     "That is worth %s of waiting.",
	MovedFrom: "Transferred from %s to %s on %s by %s: %s", RaisedBy: "More urgent by %d points, on %s by %s: %s", ReopenedBy: "Opened again on %s by %s: %s",
	NoName: "Customer without a name", NoPhone: "no number", Phone: "Phone", Email: "E-mail", Language: "Language", TimeZone: "Time zone",
	ThereItIs: "it is %s there", CallBefore: "Call before", LateBy: "%s late", NotBefore: "Not before",
	ResolveBefore: "Resolve before", TimeLeft: "%s left", InPause: "Clocks paused", InPauseUntil: "until %s", PausedTill: "clocks paused until then",
	MovedByStep: "Transferred from %s to %s on %s: a step of the SLA", Step: "A step of the SLA on %s: %s",
	StepRaised: "priority +%d", StepRole: "%s should know",
	Why: "Why", Scale: "scale %s to %s", LowerIsBetter: "less is better", Withdrawn: "corrected since by the customer", Unanswered: "since the call: not answered by it", MoreReasons: "and %d more reasons",
	Calls: "Calls", UnderWay: "under way", CallAgain: "call again %s", WrapUp: "Wrap-up", RootCause: "Cause", Note: "Note",
	Open: "“", Close: "”", Colon: ": ", DateTime: "2 Jan 2006 15:04", Decimal: ".",
	Next: "What now", NextClaim: "Take it, if it is the most urgent:", NextStart: "When you dial:", NextRelease: "Give it back to the queue:",
	NextEnd: "The customer answered:", NextNoAnswer: "No answer:", NextComplete: "Wrap up:", NextOther: "Next callback:",
	NextShow: "See where it stands:", NextWait: "See what is waiting:",
	SampleCause: "the cause", SampleNote: "what was said and promised",
	Columns:      []string{"CALLBACK", "STATE", "PRIO", "AGE", "SLA", "CUSTOMER", "PHONE", "AGENT", "REASONS"},
	AnyCause:     "No list of root causes is configured: write your own.",
	FirstContact: "at the first contact", Gesture: "Gesture of goodwill",
	Slots: "Preferred times", TheirClock: "on the customer's clock", MoreSlots: "and %d more",
	ReopenedByAnswer: "Opened again on %s: the customer's answer was bad again",
	WhyAgain:         "Why call again", HowItWent: "How it went", ToAsk: "to be asked on %s, survey %s", Asked: "asked on %s, survey %s",
	Satisfaction: "satisfaction", OutOf100: "%s out of 100", NoScore: "no score", NoScoreBefore: "no score before", ScoreBefore: "%s out of 100 before",
	NothingListed: "No callbacks.", Listed: "%d callbacks", ListedOne: "1 callback", OnMore: "There are more: %s",
	AgentColumns: []string{"AGENT", "STATUS", "IN HAND", "FROM", "TEAM", "ROLE", "MAX", "LANGUAGES", "QUEUES", "SKILLS"},
	AgentResults: map[string]string{"CREATED": "added", "UPDATED": "changed", "UNCHANGED": "unchanged", "REMOVED": "removed"},
	NoAgents:     "No agents.", FromFile: "file", FromAPI: "API", AnyLanguage: "any", Everywhere: "everywhere",
	Team: "Team", Role: "Role", Capacity: "In hand at most", WorksIn: "Queues", Speaks: "Languages", Skills: "Skills", Origin: "From",
	Revision: "added by the API, revision %d", Declared: "declared in the server's configuration", NextAgents: "See who is there:",
	NeedAgentID: "Say which agent: %s agents %s ID", NeedAgentFile: "Say which file: %s agents set FILE.yaml",
	AgentsFailed: "Agents left unchanged: %d of %d.",
	Minutes:      "%d min", Hours: "%dh%02d", Days: "%dd %dh",
	Statuses: map[callbackv1.AgentStatus]string{
		callbackv1.AgentStatus_OFFLINE: "offline", callbackv1.AgentStatus_AVAILABLE: "available", callbackv1.AgentStatus_BUSY: "busy", callbackv1.AgentStatus_AWAY: "on a break",
	},
	Obstacles: map[callbackv1.ExplainRoutingResponse_Candidate_Obstacle]string{
		callbackv1.ExplainRoutingResponse_Candidate_QUEUE:            "does not work in the queue",
		callbackv1.ExplainRoutingResponse_Candidate_LANGUAGE:         "does not speak the language",
		callbackv1.ExplainRoutingResponse_Candidate_SKILL:            "lacks",
		callbackv1.ExplainRoutingResponse_Candidate_KEPT_FOR_ANOTHER: "it is kept for another",
		callbackv1.ExplainRoutingResponse_Candidate_NOT_THERE:        "is not there",
		callbackv1.ExplainRoutingResponse_Candidate_ON_A_BREAK:       "takes a break",
		callbackv1.ExplainRoutingResponse_Candidate_AT_CAPACITY:      "has in hand all they can",
		callbackv1.ExplainRoutingResponse_Candidate_DECLINED:         "was offered it a short while ago",
		callbackv1.ExplainRoutingResponse_Candidate_NO_STREAM:        "asks for work by themselves",
	},
	CallableFrom: "May be called", CallableAt: "from %s",
	QueueColumns:   []string{"QUEUE", "READY", "LATER", "IN HAND", "UNATTENDED", "AT RISK", "MISSED", "OLDEST", "WAIT", "FREE", "AGENTS"},
	NoQueues:       "No queues.",
	Unattended:     "UNATTENDED: ready, but nobody at their desk can take them. To see why: %s",
	Pressing:       "To see what is pressing: %s",
	RoutingColumns: []string{"AGENT", "STATUS", "IDLE", "WHAT STANDS AGAINST THEM"},
	Queue:          "Queue", KeptFor: "Kept for", KeptUntil: "%s, until %s",
	Status: "Status", InHandOf: "%d of %d in hand", IdleFor: "idle for %s",
	OfferedFirst: "nothing: would be offered it first", OfferedAfter: "nothing: would be offered it after those above",
	Gone: map[callbackv1.WorkCallbacksResponse_Gone_Why]string{
		callbackv1.WorkCallbacksResponse_Gone_WHY_UNSPECIFIED: "%s is no longer yours.", callbackv1.WorkCallbacksResponse_Gone_OFFER_EXPIRED: "%s: too late, it goes to somebody else.",
		callbackv1.WorkCallbacksResponse_Gone_WAITS_AGAIN: "%s waits in the queue again.", callbackv1.WorkCallbacksResponse_Gone_COMPLETED: "%s is completed.", callbackv1.WorkCallbacksResponse_Gone_CANCELED: "%s was canceled.",
	},
	AtWork: "%s is at work, with %d in hand at most.", WorkHint: "Type ? and Enter to see what can be typed.", NothingInHand: "Nothing in hand: callbacks are shown here as they come.",
	WorkHelp: `a           take the offer (a ABCD: the one whose callback begins so)
r [REASON]  decline it; it goes to somebody else
p           take a break: no offers
c           go on after a break
q           leave: what you have not begun to call goes back to the queue
?           this help`,
	Answer: "To answer within %s: a takes it, r declines it.", Seconds: "%d s", Changed: "This callback of yours has changed.", Arrived: "A callback has come to you.",
	OnBreak: "You are on a break: nothing is offered to you. c goes on.", BackAtWork: "You are available.",
	MissedOffers: "Too many offers in a row were not answered: you are on a break now. c goes on.",
	Left:         "You have left. What you had not begun to call goes back to the queue.",
	NoOrder:      "%s is nothing that can be typed here: ? lists what can.", NoOffer: "No offer waits for an answer.", NotConnected: "There is no connection now: that can't be answered.",
	NeedWorker: "Say who you are: %s work AGENT, or the variable RAPPEL_AGENT.",
	Broken:     "The connection to the server is broken; what you have in hand stays yours for a while.", OnceMore: "%s Trying again in %s.",
	NoGRPC:  "No Rappel server answers at %s.\nTo start one:           %s run\nIf it is somewhere else: --grpc ADDRESS, or the variable RAPPEL_GRPC.",
	Claimed: "This callback is yours.", Started: "Noted: you are calling.", Ended: "Noted: %s.", Completed: "Callback closed: %s.", Released: "Callback given back to the queue.",
	Requeued:    "Callback taken back: it waits in its queue again.",
	Transferred: "Callback transferred to queue %s.", Escalated: "Callback made more urgent.", Rescheduled: "Noted: the callback waits for that moment.",
	NeverCalled: "On the do-not-call list: this customer will not be called any more.",
	CanceledNow: "Callback canceled.", Reopened: "Callback opened again: it waits.",
	AllWorked: "Done for all %d callbacks.", SomeFailed: "Callbacks left unchanged: %d of %d.",
	Repeating:   "the server did not answer, trying again…",
	Unreachable: "No Rappel server answers at %s.\nTo start one:           %s run\nIf it is somewhere else: --server ADDRESS, or the variable RAPPEL_SERVER.",
	Refused:     "The server refuses: %s",
	NeedAgent:   "Say who you are: --agent NAME, or the variable RAPPEL_AGENT.", NeedID: "Say which callback: %s callbacks %s ID",
	NeedOutcome: "Say what came of the call: --outcome %s", BadOutcome: "--outcome %s: choose from %s",
	NeedDecision: "These are missing: %s", BadMoment: "--at %s: write now, 14:30, +2h, \"2026-11-21 09:00\" or 2026-11-21T09:00:00+01:00",
	NeedWrapUp: "To close a callback these are missing: %s", BadState: "--state %s: choose from all, %s", BadLimit: "--limit: 1 to 1000",
	BadSLA: "--sla %s: choose from %s", BadGesture: "--gesture %s: write KIND or KIND:VALUE, as voucher:15.50\n(KIND: letters without accents, digits, _ or -; VALUE: two decimals at most)",
	BadTime:  "--call-again-at %s: write 14:30, +2h, \"2026-11-21 09:00\" or 2026-11-21T09:00:00+01:00",
	NeedTime: "Say when the customer wants to be called: --call-again-at 14:30", BadOutput: "--output: text or json", BadLang: "--lang: fr or en",
	Steps:           "This callback is assigned to %s, but the call has not taken place yet. First:\n  %s\n  %s\nor, if the customer has been reached already, the same command with --reached.",
	StepsAttempting: "The call is under way: say first what came of it.\n  %s",
	StepsPending:    "Nobody has this callback. Take the most urgent one first:\n  %s",
	StepsHeldBy:     "This callback is with %s.",
	StepsClosed:     "This callback is closed already (%s).",
	StepsWrapping:   "The call is over: it remains to wrap up.\n  %s",
	NoArgs:          "%q is one too many.",
	NoFlag:          "There is no option %s. `%s --help` lists those there are.",
	FlagNeedsValue:  "%s needs a value.",
	BadFlagValue:    "%s: %q is no value it can have.",
}
