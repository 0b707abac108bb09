package survey

import (
	"cmp"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// Open says how anybody may answer, without a link of their own.
type Open struct {
	// Channel and Touchpoint of the responses, where they are not the survey's.
	Channel    string `yaml:"channel"`
	Touchpoint string `yaml:"touchpoint"`
	// Embed are the origins whose pages may show the survey in a frame, as
	// https://shop.example; none when absent.
	Embed []string `yaml:"embed"`
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

func (c *checker) open(o *Open) {
	for _, label := range []struct{ path, text string }{{"open.channel", o.Channel}, {"open.touchpoint", o.Touchpoint}} {
		if utf8.RuneCountInString(label.text) > maxLabel {
			c.add(label.path, "must have at most %d characters", maxLabel)
		}
	}
	if len(o.Embed) > maxEmbed {
		c.add("open.embed", "has %d origins, at most %d are taken", len(o.Embed), maxEmbed)
	}
	for i, e := range o.Embed {
		if !origin.MatchString(e) {
			c.add(fmt.Sprintf("open.embed[%d]", i), "must be an origin in small letters, as https://shop.example: no path, no *")
		}
	}
}
