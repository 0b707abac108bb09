package model

import (
	"encoding/hex"
	"math"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// Class is how somebody rated what they wrote about.
type Class uint8

// The classes, in the order of every array of this package: 1 and 2 stars, 3
// stars, 4 and 5 stars.
const (
	Negative Class = iota
	Neutral
	Positive
	classes = 3
)

// Label is the class as package verbatim names it.
func (c Class) Label() verbatim.Label {
	switch c {
	case Negative:
		return verbatim.Negative
	case Positive:
		return verbatim.Positive
	case Neutral:
	}
	return verbatim.Neutral
}

// Model is a trained model. It is safe for concurrent use.
type Model struct {
	prefix  string
	digest  [32]byte
	scale   float32
	bias    [classes]float32
	signs   [signs][classes]float32
	share   [classes]float32
	weights []int8 // classes for each bucket
	heads   *heads // nil is none
}

// Version names the weights, as `base-5c0f2a11`: models of one version say the
// same of every text, under one version of the lexicon.
func (m *Model) Version() string { return m.prefix + "-" + hex.EncodeToString(m.digest[:4]) }

// Join is the sentiment of one model with the heads of another. It is the first itself
// where these are its own.
func Join(sentiment, heads *Model) *Model {
	out := *sentiment
	out.heads = heads.heads
	if out.seal(); out.digest == sentiment.digest {
		return sentiment
	}
	out.prefix = "trained"
	return &out
}

// Predict is how probable each class is for the text that was read last with s,
// of which a is the analysis. The three sum to 1. It does not allocate.
//
// They are calibrated: of the answers like those it was trained on that get 0.8
// for a class, about 80 % are of it. Of Base's, as many of each class are assumed.
func (m *Model) Predict(s *verbatim.Scratch, a *verbatim.Analysis) [3]float64 {
	var sums [classes]int32
	n := 0
	eachFeature(s, func(key uint32, _, _ int) {
		b := bucket(key)
		w := m.weights[b*classes : b*classes+classes : b*classes+classes]
		sums[0] += int32(w[0])
		sums[1] += int32(w[1])
		sums[2] += int32(w[2])
		n++
	})
	has := signsOf(s, a, n)
	words := float64(m.scale) * damp(max(n, 1))
	var z [classes]float64
	for c := range z {
		z[c] = float64(m.bias[c]) + words*float64(sums[c])
		for i, v := range has {
			z[c] += v * float64(m.signs[i][c])
		}
	}
	return softmax(z)
}

// Verdict is what is said of a text in the end.
type Verdict struct {
	// Score is from -1 to 1: below 0 it is rather negative than positive.
	Score float64
	// Class is one of three; Neutral is also too little confidence to say.
	Class Class
}

// Verdict decides. Each probability is divided by the share that the class must
// exceed before it is believed: where nine of ten are satisfied, a text that is
// dissatisfied with a probability of 0.4 is worth more than being called
// satisfied. Negative and Positive must then be more probable than not, or it is
// Neutral: too little confidence to say. The shares were chosen in training, on
// answers that were held out, for the mean of the classes' F1 (with calibrated
// probabilities the best share is half the F1 that it leads to: Lipton, Elkan and
// Naryanaswamy, "Optimal Thresholding of Classifiers to Maximize F1 Measure",
// 2014). Base has the same share for each.
func (m *Model) Verdict(p [3]float64) Verdict {
	return decide(p, [classes]float64{float64(m.share[0]), float64(m.share[1]), float64(m.share[2])})
}

func decide(p, share [classes]float64) Verdict {
	sum := 0.0
	for c := range p {
		p[c] /= share[c]
		sum += p[c]
	}
	v := Verdict{Class: Neutral, Score: (p[Positive] - p[Negative]) / (p[Positive] + p[Negative])}
	switch {
	case 2*p[Negative] > sum:
		v.Class = Negative
	case 2*p[Positive] > sum:
		v.Class = Positive
	}
	return v
}

// LexiconVerdict is what the lexicon alone says.
func LexiconVerdict(s verbatim.Sentiment) Verdict {
	v := Verdict{Score: s.Score, Class: Neutral}
	switch s.Label {
	case verbatim.Negative:
		v.Class = Negative
	case verbatim.Positive:
		v.Class = Positive
	case verbatim.Neutral, verbatim.Unsaid:
	}
	return v
}

func softmax(z [classes]float64) (p [classes]float64) {
	highest, sum := max(z[0], z[1], z[2]), 0.0
	for c := range z {
		p[c] = math.Exp(z[c] - highest)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return p
}
