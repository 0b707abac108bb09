package host

import (
	"context"
	"fmt"
	"net"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// ListenConfig says where a process is reached.
type ListenConfig struct {
	// HTTPAddr and GRPCAddr are HOST:PORT; port 0 picks a free one and logs it.
	HTTPAddr string `koanf:"http_addr"`
	GRPCAddr string `koanf:"grpc_addr"`
	// InsecureBind allows addresses that other machines can reach although no
	// authentication is configured: for a network that only services share, as
	// between containers.
	InsecureBind bool `koanf:"insecure_bind"`
}

// DefaultListenConfig is reached from this machine only.
func DefaultListenConfig() ListenConfig {
	return ListenConfig{HTTPAddr: "127.0.0.1:8080", GRPCAddr: "127.0.0.1:9090"}
}

// Validate names every address that is wrong.
func (c ListenConfig) Validate() []error {
	return []error{
		Section("http_addr", CheckBind(c.HTTPAddr, c.InsecureBind)),
		Section("grpc_addr", CheckBind(c.GRPCAddr, c.InsecureBind)),
	}
}

// CheckBind refuses an address that other machines can reach unless insecure
// ones are allowed, because nothing asks callers who they are.
func CheckBind(addr string, insecure bool) error {
	h, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%w; write HOST:PORT", err)
	}
	if insecure || isLoopback(h) {
		return nil
	}
	return fmt.Errorf("%q can be reached by other machines and no authentication is configured; "+
		"bind 127.0.0.1, or set insecure_bind (--insecure-bind) on a network that only trusted services share", addr)
}

func isLoopback(h string) bool {
	if h == "localhost" {
		return true
	}
	ip := net.ParseIP(h)
	return ip != nil && ip.IsLoopback()
}

// Listen opens the process to its callers; it is the last module of a list.
func Listen(cfg ListenConfig) Module {
	return Module{Name: "listeners", Start: func(_ context.Context, p *Process) error {
		l, err := rpc.Listen(cfg.HTTPAddr, cfg.GRPCAddr)
		if err != nil {
			return err
		}
		p.OnStop("listeners", p.RPC.Serve(l, p.Fail))
		p.HTTPAddr, p.GRPCAddr = l.HTTP.Addr().String(), l.GRPC.Addr().String()
		p.Log.Info("listening", zap.String("http", p.HTTPAddr), zap.String("grpc", p.GRPCAddr))
		return nil
	}}
}
