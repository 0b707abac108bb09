package host

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// RedisTLS guards connections to Redis.
type RedisTLS struct {
	// Enabled says whether.
	Enabled bool `koanf:"enabled"`
	// CAFile holds the certificates, PEM, that the servers' are signed by; empty takes
	// the machine's.
	CAFile string `koanf:"ca_file"`
	// CertFile and KeyFile are this client's own, PEM, where the server asks for one.
	CertFile string `koanf:"cert_file"`
	KeyFile  string `koanf:"key_file"`
	// ServerName is what the servers' certificates are for, where that is not the host
	// of their address.
	ServerName string `koanf:"server_name"`
}

// config is nil without TLS. The error names every field that is wrong.
func (c RedisTLS) config() (*tls.Config, error) {
	if !c.Enabled {
		if c != (RedisTLS{}) {
			return nil, errors.New("redis.tls.enabled must be true for the rest of redis.tls to count")
		}
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	var errs []error
	if c.CAFile != "" {
		cfg.RootCAs = x509.NewCertPool()
		text, err := os.ReadFile(c.CAFile)
		if err != nil {
			errs = append(errs, fmt.Errorf("redis.tls.ca_file: %w", err))
		} else if !cfg.RootCAs.AppendCertsFromPEM(text) {
			errs = append(errs, fmt.Errorf("redis.tls.ca_file: %s has no certificate", c.CAFile))
		}
	}
	if c.CertFile != "" || c.KeyFile != "" {
		own, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			errs = append(errs, fmt.Errorf("redis.tls.cert_file and key_file: %w", err))
		}
		cfg.Certificates = []tls.Certificate{own}
	}
	return cfg, errors.Join(errs...)
}
