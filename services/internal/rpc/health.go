package rpc

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// grpcHealth answers Check with what /readyz says at that moment. Watch tells of
// the start and the stop only.
type grpcHealth struct {
	*health.Server
	h *Health
}

func (g grpcHealth) Check(ctx context.Context, req *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	resp, err := g.Server.Check(ctx, req)
	if err == nil && resp.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING && len(g.h.Ready()) > 0 {
		return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}, nil
	}
	return resp, err
}

// Health answers whether the process lives (/healthz) and whether it can do its
// work now (/readyz, and gRPC health).
type Health struct {
	grpc *health.Server

	mu       sync.Mutex
	started  bool
	stopping bool
	checks   map[string]func() error
}

func newHealth() *Health {
	h := &Health{grpc: health.NewServer(), checks: map[string]func() error{}}
	h.grpc.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	return h
}

// AddReadiness adds a check that must pass for the process to be ready. It must
// be quick and hold no personal data in its error.
func (h *Health) AddReadiness(name string, check func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks[name] = check
}

// SetStarted says that every module has started.
func (h *Health) SetStarted() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started = true
	h.grpc.SetServingStatus("", grpc_health_v1.HealthCheckResponse_SERVING)
}

// SetStopping says that the process is ending: it takes no new work.
func (h *Health) SetStopping() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopping = true
	h.grpc.Shutdown()
}

// Ready returns what keeps the process from working, by name; empty is ready.
func (h *Health) Ready() map[string]string {
	h.mu.Lock()
	checks := make(map[string]func() error, len(h.checks))
	for k, v := range h.checks {
		checks[k] = v
	}
	problems := map[string]string{}
	if !h.started {
		problems["process"] = "starting"
	}
	if h.stopping {
		problems["process"] = "stopping"
	}
	h.mu.Unlock()
	for name, check := range checks {
		if err := check(); err != nil {
			problems[name] = err.Error()
		}
	}
	return problems
}

func (h *Health) live(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"status": "alive"})
}

func (h *Health) ready(w http.ResponseWriter, _ *http.Request) {
	if problems := h.Ready(); len(problems) > 0 {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"status": "not ready", "problems": problems})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": "ready"})
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone; nobody else cares
}
