package sender

import (
	"crypto/x509"
	"errors"
)

// pool is the machine's trusted certificates, and those of a file.
func pool(pem []byte) (*x509.CertPool, error) {
	all, err := x509.SystemCertPool()
	if err != nil {
		all = x509.NewCertPool()
	}
	if !all.AppendCertsFromPEM(pem) {
		return nil, errors.New("holds no certificate in PEM")
	}
	return all, nil
}
