package transport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/journal"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// maxPeople bounds one change.
const maxPeople = 1000

// DoNotCallOptions are what the list is kept with; all are required.
type DoNotCallOptions struct {
	// Ways says who is let in.
	Ways       Options
	List       *donotcall.List
	Keyer      *response.Keyer
	Normaliser *response.Normaliser
}

// DoNotCall implements the gRPC service of the list of who is not to be called.
type DoNotCall struct {
	collectorv1.UnimplementedDoNotCallServiceServer
	o DoNotCallOptions
}

// NewDoNotCall returns the gRPC service.
func NewDoNotCall(o DoNotCallOptions) *DoNotCall { return &DoNotCall{o: o} }

// AddDoNotCall puts people on the list.
func (s *DoNotCall) AddDoNotCall(ctx context.Context, req *collectorv1.AddDoNotCallRequest) (*collectorv1.AddDoNotCallResponse, error) {
	n, err := s.change(ctx, req.GetPeople(), true)
	if err != nil {
		return nil, err
	}
	return &collectorv1.AddDoNotCallResponse{Added: int32(n)}, nil //nolint:gosec // at most 3 of each of maxPeople
}

// RemoveDoNotCall takes people off it.
func (s *DoNotCall) RemoveDoNotCall(ctx context.Context, req *collectorv1.RemoveDoNotCallRequest) (*collectorv1.RemoveDoNotCallResponse, error) {
	n, err := s.change(ctx, req.GetPeople(), false)
	if err != nil {
		return nil, err
	}
	return &collectorv1.RemoveDoNotCallResponse{Removed: int32(n)}, nil //nolint:gosec // at most 3 of each of maxPeople
}

// CheckDoNotCall says whether somebody is listed.
func (s *DoNotCall) CheckDoNotCall(ctx context.Context, req *collectorv1.CheckDoNotCallRequest) (*collectorv1.CheckDoNotCallResponse, error) {
	ctx, err := s.admit(ctx)
	if err != nil {
		return nil, err
	}
	keys, found := s.keysOf("person", req.GetPerson())
	if len(found) > 0 {
		return nil, invalidFields(found)
	}
	why, err := s.o.List.Check(ctx, keys)
	if err != nil {
		return nil, s.o.Ways.status(journal.Translate(err))
	}
	if !why.GetListed() {
		return &collectorv1.CheckDoNotCallResponse{}, nil
	}
	return &collectorv1.CheckDoNotCallResponse{Listed: true, Since: why.GetAt(), By: why.GetBy(), CallbackId: why.GetCallbackId()}, nil
}

// admit lets in who may send answers to every survey: the list is no survey's.
func (s *DoNotCall) admit(ctx context.Context) (context.Context, error) {
	ctx, err := s.o.Ways.admitCall(ctx)
	if err != nil {
		return ctx, s.o.Ways.status(err)
	}
	if callerOf(ctx).Scoped() {
		return ctx, rpc.Refused(codes.PermissionDenied, string(access.KeyScope), "the key is limited to surveys or channels, and the list is for all of them: use one that is not")
	}
	return ctx, nil
}

func (s *DoNotCall) change(ctx context.Context, people []*collectorv1.Person, listed bool) (int, error) {
	ctx, err := s.admit(ctx)
	if err != nil {
		return 0, err
	}
	keys, found := s.keysOfAll(people)
	if len(found) > 0 {
		return 0, invalidFields(found)
	}
	n, err := s.o.List.Apply(ctx, donotcall.Change{Keys: keys, Listed: listed, By: callerOf(ctx).Grant().KeyName, At: s.o.Ways.Clock.Now()})
	switch {
	case errors.Is(err, donotcall.ErrContended):
		return 0, rpc.TryLater(codes.Unavailable, "CONTENDED", "too many are changing the list at once; ask again", time.Second)
	case err != nil:
		return 0, s.o.Ways.status(journal.Translate(err))
	}
	return n, nil
}

func (s *DoNotCall) keysOfAll(people []*collectorv1.Person) (keys []string, found []response.Violation) {
	if len(people) == 0 || len(people) > maxPeople {
		return nil, []response.Violation{{Path: "people", Problem: fmt.Sprintf("must be 1 to %d", maxPeople)}}
	}
	for i, p := range people {
		theirs, wrong := s.keysOf(fmt.Sprintf("people[%d]", i), p)
		keys = append(keys, theirs...)
		found = append(found, wrong...)
	}
	return keys, found
}

// personFields name the fields of a person as the response's are named.
var personFields = map[string]string{"customer.id": ".customerId", "customer.phone": ".phone", "customer.email": ".email"}

// keysOf are a person's pseudonyms, or what is wrong with what is said of them.
func (s *DoNotCall) keysOf(path string, p *collectorv1.Person) (keys []string, found []response.Violation) {
	c, wrong := s.o.Normaliser.Customer(&eventsv1.Customer{Id: p.GetCustomerId(), Phone: p.GetPhone(), Email: p.GetEmail()})
	for _, v := range wrong {
		found = append(found, response.Violation{Path: path + personFields[v.Path], Problem: v.Problem})
	}
	if c == nil && len(found) == 0 {
		found = append(found, response.Violation{Path: path, Problem: "needs a customerId, a phone or an email"})
	}
	return s.o.Keyer.Of(c), found
}
