package survey

import (
	"cmp"
	"regexp"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Open says how anybody may answer, without a link of their own.
type Open struct {
	// Channel and Touchpoint of the responses, where they are not the survey's.
	Channel    string
	Touchpoint string
	// Embed are the origins whose pages may show the survey in a frame, as
	// https://shop.example; none when absent.
	Embed []string
}

// openChannel is the channel of an open survey's responses where its file says none.
const openChannel = "web"

// OpenChannel is the channel of the responses of those who came without a link.
func (s *Survey) OpenChannel() string {
	if s.Open == nil {
		return s.Channel
	}
	return cmp.Or(s.Open.Channel, s.Channel, openChannel)
}

// OpenTouchpoint is their touchpoint.
func (s *Survey) OpenTouchpoint() string {
	if s.Open == nil {
		return s.Touchpoint
	}
	return cmp.Or(s.Open.Touchpoint, s.Touchpoint)
}

// Framers are the origins whose pages may show the survey in a frame.
func (s *Survey) Framers() []string {
	if s == nil || s.Open == nil {
		return nil
	}
	return s.Open.Embed
}

// Bounds of an open survey.
const (
	maxEmbed = 20
	maxLabel = 64 // as of every response's: package response
)

// origin is written into a header: nothing but a scheme, a host and a port passes.
var origin = regexp.MustCompile(`^https?://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?$`)

func (r *reader) open(n *yaml.Node, path string) *Open {
	if strictyaml.Null(n) { // a key alone opens nothing: what was to follow may be missing
		r.Wrong(n, path, "must hold something; open: {} opens it and says no more")
		return nil
	}
	o := &Open{}
	r.Object(n, path, strictyaml.Fields{
		"channel":    func(n *yaml.Node, path string) { o.Channel = r.label(n, path) },
		"touchpoint": func(n *yaml.Node, path string) { o.Touchpoint = r.label(n, path) },
		"embed":      func(n *yaml.Node, path string) { o.Embed = r.origins(n, path) },
	})
	return o
}

func (r *reader) label(n *yaml.Node, path string) string {
	s := r.Text(n, path)
	if utf8.RuneCountInString(s) > maxLabel {
		r.Wrong(n, path, "must have at most %d characters", maxLabel)
	}
	return s
}

func (r *reader) origins(n *yaml.Node, path string) (all []string) {
	count := r.List(n, path, func(n *yaml.Node, path string) {
		s := r.Text(n, path)
		if s != "" && !origin.MatchString(s) {
			r.Wrong(n, path, "must be an origin in small letters, as https://shop.example: no path, no *")
		}
		all = append(all, s)
	})
	if count > maxEmbed {
		r.Wrong(n, path, "has %d origins, at most %d are taken", count, maxEmbed)
	}
	return all
}
