package collector

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/rappel-loop/rappel/services/collector/internal/survey"
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
		var problems survey.Problems
		switch {
		case errors.As(err, &problems):
			for _, p := range problems {
				errs = append(errs, fmt.Errorf("surveys_dir: %s: %s", f, p))
			}
		case err != nil:
			errs = append(errs, fmt.Errorf("surveys_dir: %w", err))
		case all[s.Name] != nil:
			errs = append(errs, fmt.Errorf("surveys_dir: %s: another file asks the survey %s", f, s.Name))
		default:
			all[s.Name] = s
		}
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		errs = append(errs, errors.New("public_url: must be the address that customers reach this collector at, as https://avis.example.org"))
	}
	return all, errors.Join(errs...)
}
