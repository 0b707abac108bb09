// Package transport answers the scorer's callers over gRPC, and through the gateway over
// HTTP/JSON.
package transport

import (
	"context"

	"google.golang.org/grpc"

	scorerv1 "github.com/rappel-loop/rappel/proto/gen/go/api/scorer/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/scorer/internal/correction"
	"github.com/rappel-loop/rappel/services/scorer/internal/registry"
	"github.com/rappel-loop/rappel/services/scorer/internal/score"
	"github.com/rappel-loop/rappel/services/scorer/internal/training"
)

// Book takes corrections.
type Book interface {
	Correct(ctx context.Context, w correction.Wish) (*eventsv1.AnalysisCorrected, error)
}

var _ Book = (*correction.Book)(nil)

// Models are the models that callers see and choose from.
type Models interface {
	Ready() error
	List() []registry.Entry
	Promote(ctx context.Context, version, by string) (registry.Entry, error)
}

var _ Models = (*registry.Registry)(nil)

// Trainer trains models.
type Trainer interface {
	Train(ctx context.Context, o training.Order, tell func(training.Progress)) (training.Result, error)
}

var _ Trainer = (*training.Trainer)(nil)

// Deps is what a Server answers from.
type Deps struct {
	Reader  score.Reader
	Book    Book
	Models  Models
	Trainer Trainer
	// Stopping is closed when the server begins to stop: a training ends then.
	Stopping <-chan struct{}
}

// Server implements ScorerService.
type Server struct {
	scorerv1.UnimplementedScorerServiceServer
	d Deps
}

// New returns a server.
func New(d Deps) *Server { return &Server{d: d} }

// shownEvidence is how much evidence somebody gets who asks what is found in a text.
const shownEvidence = 200

// AnalyseText says what is found in a text.
func (s *Server) AnalyseText(_ context.Context, r *scorerv1.AnalyseTextRequest) (*scorerv1.AnalyseTextResponse, error) {
	var w wrong
	w.text("text", r.GetText(), maxText)
	if err := w.Err(); err != nil {
		return nil, err
	}
	return &scorerv1.AnalyseTextResponse{Analysis: s.d.Reader.Read(r.GetText(), shownEvidence)}, nil
}

// CorrectAnalysis says what a verbatim means.
func (s *Server) CorrectAnalysis(ctx context.Context, r *scorerv1.CorrectAnalysisRequest) (*scorerv1.CorrectAnalysisResponse, error) {
	var w wrong
	w.correctRequest(r)
	if err := w.Err(); err != nil {
		return nil, err
	}
	c, err := s.d.Book.Correct(ctx, correction.Wish{
		Key:         correction.Key{Survey: r.GetSurvey(), Bucket: subject.BucketOf(r.GetCustomerKey()), ResponseID: r.GetResponseId()},
		CustomerKey: r.GetCustomerKey(), By: r.GetBy(), Verbatim: int(r.GetVerbatim()), Correction: r.GetCorrection(), Number: r.Number,
	})
	if err != nil {
		return nil, toStatus(err)
	}
	found := s.d.Reader.Read(c.GetText(), shownEvidence)
	return &scorerv1.CorrectAnalysisResponse{Analysis: score.Correct(found, c.GetCorrection(), c.GetBy()), Number: c.GetNumber()}, nil
}

// ListModels shows the models, the latest first.
func (s *Server) ListModels(context.Context, *scorerv1.ListModelsRequest) (*scorerv1.ListModelsResponse, error) {
	if err := s.d.Models.Ready(); err != nil {
		return nil, toStatus(err)
	}
	resp := &scorerv1.ListModelsResponse{}
	for _, e := range s.d.Models.List() {
		resp.Models = append(resp.Models, modelOf(e))
	}
	return resp, nil
}

// PromoteModel puts a model to use.
func (s *Server) PromoteModel(ctx context.Context, r *scorerv1.PromoteModelRequest) (*scorerv1.PromoteModelResponse, error) {
	var w wrong
	w.By(r.GetBy(), false)
	if subject.CheckToken(r.GetVersion()) != nil {
		w.Field("version", "must be the name of a model, as GET /v1/models shows them")
	}
	if err := w.Err(); err != nil {
		return nil, err
	}
	if err := s.d.Models.Ready(); err != nil {
		return nil, toStatus(err)
	}
	e, err := s.d.Models.Promote(ctx, r.GetVersion(), r.GetBy())
	if err != nil {
		return nil, toStatus(err)
	}
	return &scorerv1.PromoteModelResponse{Model: modelOf(e)}, nil
}

// TrainModel trains a model, and tells how far it is.
func (s *Server) TrainModel(r *scorerv1.TrainModelRequest, out grpc.ServerStreamingServer[scorerv1.TrainModelResponse]) error {
	var w wrong
	w.By(r.GetBy(), false)
	if err := w.Err(); err != nil {
		return err
	}
	if err := s.d.Models.Ready(); err != nil {
		return toStatus(err)
	}
	ctx, cancel := context.WithCancel(out.Context())
	defer cancel()
	go func() {
		select {
		case <-s.d.Stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	var last training.Progress
	result, err := s.d.Trainer.Train(ctx, training.Order{By: r.GetBy(), DryRun: r.GetDryRun()}, func(p training.Progress) {
		last = p
		if out.Send(progressOf(p)) != nil {
			cancel() // nobody listens any more
		}
	})
	if err != nil {
		return toStatus(err)
	}
	final := progressOf(last)
	final.Model = trained(result)
	return out.Send(final)
}

func progressOf(p training.Progress) *scorerv1.TrainModelResponse {
	return &scorerv1.TrainModelResponse{
		Read: p.Read, ToRead: p.ToRead, Labelled: uint32(p.Labelled), Pass: uint32(p.Pass), Passes: uint32(p.Passes),
	}
}

func modelOf(e registry.Entry) *scorerv1.Model {
	m := &scorerv1.Model{Version: e.Version, Current: e.Current}
	if e.Event != nil {
		describe(m, e.Event)
	}
	return m
}

func trained(r training.Result) *scorerv1.Model {
	m := &scorerv1.Model{Version: r.Event.GetVersion(), Current: r.Event.GetCurrent()}
	describe(m, r.Event)
	return m
}

func describe(m *scorerv1.Model, e *eventsv1.ModelEvent) {
	m.TrainedAt, m.TrainedOn, m.Evaluation, m.Before, m.BeforeVersion = e.GetAt(), e.GetTrainedOn(), e.GetEvaluation(), e.GetBefore(), e.GetBeforeVersion()
	m.Corrections, m.SentimentKept, m.TopicsKept = e.GetCorrections(), e.GetSentimentKept(), e.GetTopicsKept()
}
