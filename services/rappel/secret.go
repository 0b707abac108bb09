package rappel

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
)

// secretBytes is the length of a made secret: 256 bits, as long as the HMAC it
// is for.
const secretBytes = 32

// secretOf reads the deployment's secret, and makes it at the first start. It
// must be kept with the data: with another secret the same customer would get
// another key, and a second callback.
func secretOf(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err == nil {
		secret := strings.TrimSpace(string(data))
		if secret == "" {
			return "", fmt.Errorf("%s is empty; restore it with the data it belongs to", path)
		}
		return secret, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("secret: %w", err)
	}
	raw := make([]byte, secretBytes)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	secret := base64.RawURLEncoding.EncodeToString(raw)
	return secret, writeSecret(path, secret)
}

// writeSecret stores the secret on disk before anybody uses it; whole or not at
// all.
func writeSecret(path, secret string) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	_, err = f.WriteString(secret + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	return nil
}
