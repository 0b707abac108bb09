package alerting

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/alerting/internal/notifyfile"
	"github.com/rappel-loop/rappel/services/alerting/internal/planner"
	"github.com/rappel-loop/rappel/services/alerting/internal/silence"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

const (
	// lookForDue is how often is looked whether people are to be told of something.
	lookForDue = 500 * time.Millisecond
	// sweepSilences is how often silences that ended long ago are let go.
	sweepSilences = time.Hour
)

// telling is the part that decides whom to tell of alerts.
type telling struct {
	log      *zap.Logger
	file     *notifyfile.File
	silences *silence.Book
	planner  *planner.Planner
	every    time.Duration
}

// newTelling reads the notify file. The error names everything that is wrong with it.
func newTelling(cfg Config, deps Deps, alerts *alertstate.Book, to *sending) (*telling, error) {
	t := &telling{log: deps.Log.Named("telling"), every: lookForDue}
	m := newTellingMetrics(deps.Metrics)
	t.silences = silence.New(silence.Deps{Bus: deps.Bus, Log: t.log, Clock: deps.Clock, Changed: t.silenceChanged})
	t.planner = planner.New(planner.Deps{
		Bus: deps.Bus, Log: t.log, Clock: deps.Clock, Alerts: alerts, Silences: t.silences.Table(), Told: m.told,
	})
	m.groups(deps.Metrics, t.planner)
	var err error
	t.file, err = notifyfile.New(notifyfile.Deps{
		Path: cfg.NotifyFile, Log: t.log, Every: cfg.NotifyCheck, Refused: m.refused.Inc,
		Check: func(s *notifyfile.Settings) []strictyaml.Problem {
			return cfg.receivers().Check(s.Receivers)
		},
		Changed: func(s *notifyfile.Settings, digest string) {
			to.use(cfg.NotifyFile, s)
			t.planner.Use(s.Plan)
			m.uses(digest)
		},
	})
	return t, err
}

// silenceChanged hands a silence to the planner. One that cannot be read holds nothing back.
func (t *telling) silenceChanged(id string, s *eventsv1.Silence) {
	if s == nil {
		t.planner.Silence(id, nil)
		return
	}
	compiled, err := silence.Compile(s)
	if err != nil {
		t.log.Error("a silence cannot be read and holds nothing back", zap.String("silence", id), zap.Error(err))
		t.planner.Silence(id, nil)
		return
	}
	t.planner.Silence(id, &compiled)
}

// start begins to tell people.
func (t *telling) start(tasks *host.Tasks) {
	tasks.Go("silences", t.silences.Table().Follow)
	tasks.Go("what people know", t.planner.Follow)
	tasks.Go("notify file", t.file.Follow)
	tasks.Go("telling", func(ctx context.Context) error {
		clock.Every(ctx, t.every, func() {
			if err := t.planner.Step(ctx); err != nil && ctx.Err() == nil {
				t.log.Warn("people are told later of what is due", zap.Error(err))
			}
		})
		return nil
	})
	tasks.Go("old silences", func(ctx context.Context) error {
		clock.Every(ctx, sweepSilences, t.silences.Sweep)
		return nil
	})
}

// tellingMetrics count what was decided here.
type tellingMetrics struct {
	notifications *prometheus.CounterVec
	refused       prometheus.Counter
	info          *prometheus.GaugeVec
}

func newTellingMetrics(reg prometheus.Registerer) *tellingMetrics {
	m := &tellingMetrics{
		notifications: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "notifications_total", Help: "Notifications that this replica decided: each is decided by one.",
		}, []string{"kind"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "notify_file_failures_total", Help: "Notify files that came while another was in force, and were wrong: the one before was kept.",
		}),
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "notify_file_info", Help: "1 for the digest of the notify file in force, empty without one; replicas that differ for long tell different people.",
		}, []string{"digest"}),
	}
	for _, kind := range []eventsv1.Notification_Kind{eventsv1.Notification_NEW, eventsv1.Notification_REPEATED, eventsv1.Notification_ESCALATED, eventsv1.Notification_RESOLVED} {
		m.notifications.WithLabelValues(strings.ToLower(kind.String()))
	}
	if reg != nil {
		reg.MustRegister(m.notifications, m.refused, m.info)
	}
	return m
}

func (m *tellingMetrics) told(kind eventsv1.Notification_Kind) {
	m.notifications.WithLabelValues(strings.ToLower(kind.String())).Inc()
}

func (m *tellingMetrics) uses(digest string) {
	m.info.Reset()
	m.info.WithLabelValues(digest).Set(1)
}

// groups has the groups counted, when it is asked.
func (m *tellingMetrics) groups(reg prometheus.Registerer, p *planner.Planner) {
	if reg == nil {
		return
	}
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "alert_groups", Help: "Groups in which alerts stand or people know of some, as this replica knows them: each knows of all.",
	}, func() float64 { return float64(p.Count()) }))
}
