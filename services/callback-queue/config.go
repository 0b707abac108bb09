package callbackqueue

import (
	"errors"
	"fmt"
	"math"
	"os"
	"time"
	_ "time/tzdata" // customers' zones are the same on every machine

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/directory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/rootcause"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/whereabouts"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// Config is what a deployment decides about callbacks.
type Config struct {
	// MaxAttempts is how many real tries are made before a callback is closed as
	// unreachable.
	MaxAttempts int `koanf:"max_attempts"`
	// RetryGaps are the waits after the first, second, … try that found nobody.
	RetryGaps []time.Duration `koanf:"retry_gaps"`
	// TimesOfDay are parts of the day on the customer's clock, as 09:00-12:00, at
	// which tries are made in turn; without any the gaps alone decide.
	TimesOfDay []string `koanf:"times_of_day"`
	// CallingHours are when customers may be called; without a week, always.
	CallingHours CallingHours `koanf:"calling_hours"`
	// QueueHours are when the teams of queues work; a queue that is not there always.
	QueueHours map[string]TeamHours `koanf:"queue_hours"`
	// TimeZone is the clock of customers who gave no time zone and whose phone number tells
	// none, as Europe/Paris.
	TimeZone string `koanf:"time_zone"`
	// FirstAttemptWithin is how soon the first attempt should start where the
	// rule does not say.
	FirstAttemptWithin time.Duration `koanf:"first_attempt_within"`
	// WarnAt is the share of the time of the SLA after which a warning is due, as 80%;
	// 0% warns of nothing.
	WarnAt string `koanf:"warn_at"`
	// SLAs are the promises of queues and severities; the first that is for a callback
	// holds, and without any first_attempt_within does.
	SLAs []SLA `koanf:"slas"`
	// PreferredFor is how long a callback is kept for the agent who last spoke with
	// the customer, from when it is ready on; 0 keeps it for nobody.
	PreferredFor time.Duration `koanf:"preferred_for"`
	// ReservedLease is how long an offer waits for its answer, and DeclinedFor how
	// long who did not take it is not offered the same callback again.
	ReservedLease time.Duration `koanf:"reserved_lease"`
	DeclinedFor   time.Duration `koanf:"declined_for"`
	// AssignedLease, AttemptLease and WrapLease are how long an agent may prepare,
	// call, and write the wrap-up.
	AssignedLease time.Duration `koanf:"assigned_lease"`
	AttemptLease  time.Duration `koanf:"attempt_lease"`
	WrapLease     time.Duration `koanf:"wrap_lease"`
	// ReopenWithin is how long after its close a callback can be reopened.
	ReopenWithin time.Duration `koanf:"reopen_within"`
	// ListClosedFor is how long lists show what is closed; 0 is as long as ReopenWithin,
	// and less than that is not possible.
	ListClosedFor time.Duration `koanf:"list_closed_for"`
	// HistoryKept is how long all events of a customer are kept. What is older goes once a
	// callback was closed after it, as long ago; 0 keeps everything.
	HistoryKept time.Duration `koanf:"history_kept"`
	// AgeingPerPoint is how much waiting weighs as much as a point of priority.
	AgeingPerPoint time.Duration `koanf:"ageing_per_point"`
	// FollowUp asks customers how a completed callback went; without a survey nobody is
	// asked.
	FollowUp FollowUp `koanf:"follow_up"`
	// Goodwill is what agents may give to customers.
	Goodwill Goodwill `koanf:"goodwill"`
	// KnownAgentsOnly refuses callbacks to agents who are not in the roster.
	KnownAgentsOnly bool `koanf:"known_agents_only"`
	// UnattendedAfter is how long nobody at their desk can take what is first in its
	// line before that is an event; 0 never.
	UnattendedAfter time.Duration `koanf:"unattended_after"`
	// StatsEvery is how often QUEUE_STATS is told how the queues stand, 1 s to 1 min; 0
	// never, and fallbacks don't begin then.
	StatsEvery time.Duration `koanf:"stats_every"`
	// AgentLostAfter is how long nothing may be heard of an agent at work before what
	// they had not begun to call goes back.
	AgentLostAfter time.Duration `koanf:"agent_lost_after"`
	// MaxMissedOffers is how many offers in a row an agent may let pass before they
	// are taken to be away.
	MaxMissedOffers int `koanf:"max_missed_offers"`
	// IndexFile keeps what an index in memory holds, so that the next start reads from the
	// stream only what came since; empty reads all of it.
	IndexFile string `koanf:"index_file"`
	// RootCausesFile holds the tree that a wrap-up chooses its root cause from;
	// empty allows any words.
	RootCausesFile string `koanf:"root_causes_file"`
	// AgentsFile declares agents of the roster, who can't be changed by the API;
	// empty declares none.
	AgentsFile string `koanf:"agents_file"`
}

// FollowUp asks customers how a completed callback went.
type FollowUp struct {
	// Survey is the survey to be answered: 1 to 64 letters, digits, _ or -.
	Survey string `koanf:"survey"`
	// After is how long after the close it is asked for.
	After time.Duration `koanf:"after"`
}

// Goodwill is what agents may give to customers.
type Goodwill struct {
	// Currency is that of all values, an ISO 4217 code.
	Currency string `koanf:"currency"`
	// Roles bound what agents of a role may give. Without any, everybody may give
	// anything; else who has a role that is not there may give nothing.
	Roles map[string]GoodwillLimit `koanf:"roles"`
}

// GoodwillLimit is what agents of one role may give for one callback.
type GoodwillLimit struct {
	// UpTo is the most, in units of the currency, as 20 or 19.99.
	UpTo float64 `koanf:"up_to"`
	// Kinds are what, as voucher; none is anything.
	Kinds []string `koanf:"kinds"`
}

// DefaultConfig is what holds without any configuration.
func DefaultConfig() Config {
	p := callback.DefaultPolicy()
	return Config{
		MaxAttempts: p.MaxAttempts, RetryGaps: p.RetryGaps, TimeZone: "Europe/Paris", FirstAttemptWithin: p.FirstAttemptWithin, WarnAt: "80%",
		PreferredFor: p.PreferredFor, ReservedLease: p.ReservedLease, DeclinedFor: p.DeclinedFor,
		AssignedLease: p.AssignedLease, AttemptLease: p.AttemptLease, WrapLease: p.WrapLease, ReopenWithin: p.ReopenWithin, AgeingPerPoint: p.AgeingPerPoint,
		Goodwill: Goodwill{Currency: p.Goodwill.Currency}, FollowUp: FollowUp{After: 24 * time.Hour},
		HistoryKept: 400 * 24 * time.Hour, UnattendedAfter: time.Minute, StatsEvery: 10 * time.Second, AgentLostAfter: 30 * time.Second, MaxMissedOffers: 3,
	}
}

// Validate names every field that is wrong.
func (c Config) Validate() error {
	p, err := c.policy()
	err = errors.Join(err, p.Validate())
	if c.AgentLostAfter < 3*time.Second {
		err = errors.Join(err, errors.New("agent_lost_after: must be 3s or more"))
	}
	if c.ListClosedFor != 0 && c.ListClosedFor < c.ReopenWithin {
		err = errors.Join(err, errors.New("list_closed_for: must be as long as reopen_within, or longer, or 0"))
	}
	if c.HistoryKept != 0 && c.HistoryKept < c.listClosedFor() {
		err = errors.Join(err, errors.New("history_kept: must be as long as list_closed_for and reopen_within, or longer, or 0"))
	}
	if c.UnattendedAfter < 0 {
		err = errors.Join(err, errors.New("unattended_after: must not be negative"))
	}
	if c.StatsEvery != 0 && (c.StatsEvery < time.Second || c.StatsEvery > time.Minute) {
		err = errors.Join(err, errors.New("stats_every: must be 1s to 1m, or 0"))
	}
	if c.MaxMissedOffers < 1 {
		err = errors.Join(err, errors.New("max_missed_offers: must be 1 or more"))
	}
	return err
}

func (c Config) listClosedFor() time.Duration { return max(c.ListClosedFor, c.ReopenWithin) }

func (c Config) policy() (callback.Policy, error) {
	p := callback.DefaultPolicy()
	p.MaxAttempts, p.RetryGaps, p.FirstAttemptWithin = c.MaxAttempts, c.RetryGaps, c.FirstAttemptWithin
	p.AssignedLease, p.AttemptLease, p.WrapLease, p.AgeingPerPoint = c.AssignedLease, c.AttemptLease, c.WrapLease, c.AgeingPerPoint
	p.Locate = whereabouts.Of
	var hours error
	p.Calling, p.QueueHours, hours = c.hours()
	p.ReopenWithin, p.PreferredFor, p.ReservedLease, p.DeclinedFor = c.ReopenWithin, c.PreferredFor, c.ReservedLease, c.DeclinedFor
	wrong := []error{hours}
	everyDay := func(periods ...string) (calendar.Week, error) {
		return calendar.ParseWeek(map[string][]string{"mon-sun": periods})
	}
	if _, err := everyDay(c.TimesOfDay...); err != nil { // what overlaps, too
		wrong = append(wrong, fmt.Errorf("times_of_day: %w", err))
	}
	for _, period := range c.TimesOfDay {
		week, _ := everyDay(period) // refused above
		p.TimesOfDay = append(p.TimesOfDay, week)
	}
	var err error
	if p.WarnAt, err = share(c.WarnAt); err != nil {
		wrong = append(wrong, fmt.Errorf("warn_at: %w", err))
	}
	if p.SLAs, err = c.slas(); err != nil {
		wrong = append(wrong, err)
	}
	p.FollowUp.Survey, p.FollowUp.After = c.FollowUp.Survey, c.FollowUp.After
	p.Goodwill = callback.Goodwill{Currency: c.Goodwill.Currency, Limits: make(map[string]callback.GoodwillLimit, len(c.Goodwill.Roles))}
	for role, l := range c.Goodwill.Roles {
		p.Goodwill.Limits[role] = callback.GoodwillLimit{Cents: int64(math.Round(l.UpTo * 100)), Kinds: l.Kinds}
	}
	if p.Zone, err = time.LoadLocation(c.TimeZone); err != nil {
		wrong = append(wrong, fmt.Errorf("time_zone: %q is no time zone, as Europe/Paris", c.TimeZone))
	}
	return p, errors.Join(wrong...)
}

// loadCauses reads the tree of root causes; without a file there is none.
func loadCauses(file string) (callback.RootCauses, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("root_causes_file: %w", err)
	}
	tree, err := rootcause.Load(file, text)
	if err != nil {
		return nil, fmt.Errorf("the root causes are refused:\n%w", err)
	}
	return tree, nil
}

// loadAgents reads the agents that are declared; without a file there are none.
func loadAgents(file string) ([]*directory.Entry, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("agents_file: %w", err)
	}
	agents, err := directory.Load(file, text)
	if err != nil {
		return nil, fmt.Errorf("the agents are refused:\n%w", err)
	}
	return agents, nil
}
