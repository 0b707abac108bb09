package keyfile

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// YAML is the entry as it stands in a file, below keys.
func (e Entry) YAML() (string, error) {
	written := struct {
		Name     string   `yaml:"name"`
		SHA256   string   `yaml:"sha256"`
		Surveys  []string `yaml:"surveys,omitempty,flow"`
		Channels []string `yaml:"channels,omitempty,flow"`
		NotAfter string   `yaml:"not_after,omitempty"`
		Rate     float64  `yaml:"rate,omitempty"`
		Burst    int      `yaml:"burst,omitempty"`
	}{Name: e.Name, SHA256: e.Hash.String(), Surveys: e.Surveys, Channels: e.Channels, Rate: e.Rate, Burst: e.Burst}
	if !e.NotAfter.IsZero() {
		written.NotAfter = e.NotAfter.UTC().Format(time.RFC3339)
	}
	text, err := yaml.Marshal([]any{written})
	if err != nil {
		return "", err
	}
	return "  " + strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n  ") + "\n", nil
}
