package verbatim

// What a denial reaches. An intent there is not one ("je ne changerai pas"), and a
// theme's own polarity is turned.
const (
	neReach = 5 // words from ne to its second half
	bare    = 1 // words before a second half without its ne: "je résilie pas"
)

// deny notes for every token which one denies it. It goes over them once; how far
// each reaches is bounded by the data.
func (a *Analyser) deny(s *Scratch) {
	s.denials = emptied(s.denials, len(s.tokens))
	lastNe := -1
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.Kind == Mark {
			lastNe = -1
			continue
		}
		w := &a.words.words[t.word]
		for l := range lexica {
			switch {
			case !s.use[l]:
			case w.ne&(1<<l) != 0:
				lastNe = i
			case w.denies[l] != 0:
				s.denyFrom(i, lastNe, int(w.denies[l]))
				lastNe = -1
			}
		}
	}
}

// denyFrom notes what the token at i denies: what stands between it and its ne,
// and after it. A reach below 0 is of a word that denies after ne only.
func (s *Scratch) denyFrom(i, ne, reach int) {
	from := i - bare
	if ne >= 0 && i-ne <= neReach {
		from, reach = ne+1, max(reach, -reach)
	} else {
		reach--
	}
	for k := max(from, 0); k <= i+reach && k < len(s.tokens); k++ {
		if k > i && s.tokens[k].Kind == Mark {
			return
		}
		if k != i {
			s.denials[k] = int32(i) + 1
		}
	}
}

// denied reports whether something outside a hit denies a word of it.
func (s *Scratch) denied(h *hit) bool {
	for k := h.from; k < h.to; k++ {
		if d := s.denials[k] - 1; d >= 0 && (d < h.from || d >= h.to) {
			return true
		}
	}
	return false
}
