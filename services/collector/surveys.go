package collector

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/rappel-loop/rappel/services/collector/internal/survey"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// surveys reads the surveys of one's own; the error names every mistake of every file.
func (c Config) surveys() (map[string]*survey.Survey, error) {
	if c.SurveysDir == "" {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(c.SurveysDir, "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("surveys_dir: %s holds no survey, a file that ends in .yaml", c.SurveysDir)
	}
	slices.Sort(files)
	all := make(map[string]*survey.Survey, len(files))
	var errs []error
	for _, f := range files {
		s, err := survey.Load(f)
		var refused *strictyaml.Error
		switch {
		case errors.As(err, &refused):
			for _, line := range refused.Lines() {
				errs = append(errs, fmt.Errorf("surveys_dir: %s", line))
			}
		case err != nil:
			errs = append(errs, fmt.Errorf("surveys_dir: %w", err))
		case all[s.Name] != nil:
			errs = append(errs, fmt.Errorf("surveys_dir: %s: survey: %s is that of %s as well", s.Where, s.Name, all[s.Name].Where))
		default:
			all[s.Name] = s
		}
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		errs = append(errs, errors.New("public_url: must be the address that customers reach this collector at, as https://avis.example.org"))
	}
	return all, errors.Join(errs...)
}
