package host

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rappel-loop/rappel/services/internal/config"
)

// healthCommand asks a running process of the same configuration whether it is
// ready: what a container's health check calls, since the image holds no shell.
func healthCommand(p Program) *cobra.Command {
	cmd := &cobra.Command{
		Use: "health", Short: "Ask the running process whether it is ready", Args: cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
	}
	file := cmd.Flags().String("config", "", "YAML configuration file")
	cmd.Flags().String("http-addr", p.Config.Base().HTTPAddr, "the process's HTTP address")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := config.Load(p.Config, config.Sources{
			File: *file, EnvPrefix: EnvPrefix, Environ: os.Environ(), EnvIgnore: notSettings,
			Flags: cmd.Flags(), FlagKeys: map[string]string{"http-addr": "http_addr"},
		}); err != nil {
			return err
		}
		return askReady(cmd.Context(), p.Config.Base().HTTPAddr, cmd.OutOrStdout())
	}
	return cmd
}

func askReady(ctx context.Context, addr string, out io.Writer) error {
	h, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(h); h == "" || (ip != nil && ip.IsUnspecified()) {
		h = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(h, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("not reachable: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(body)))
	}
	_, err = out.Write(body)
	return err
}
