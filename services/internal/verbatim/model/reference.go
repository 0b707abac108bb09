package model

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// languages are those that a reference is of.
const languages = 2

// languageOf is the number of a language in a reference; ok is false for others.
func languageOf(l verbatim.Language) (n int, ok bool) {
	switch l {
	case verbatim.French:
		return 0, true
	case verbatim.English:
		return 1, true
	case verbatim.Unknown, verbatim.Mixed:
	}
	return 0, false
}

// reference is what the texts of many trades are made of, for each language: how
// much each bucket weighs in the mean of package corpus's texts, among which as many
// are dissatisfied as satisfied (elsewhereShare). It tells what words that one
// source has taught come to where nobody is more often of one class.
type reference [languages][]bucketMean

type bucketMean struct {
	bucket uint32
	mean   float32
}

//go:embed reference.bin
var encodedReference []byte

var shippedReference = sync.OnceValue(func() *reference { return decodeReference(encodedReference) })

// referenceLeast is how many texts must have a bucket.
const referenceLeast = 2

// referenceOf is that of examples.
func referenceOf(a *verbatim.Analyser, examples []Example) *reference {
	type sum struct {
		texts int
		of    [classes]float64
	}
	var s verbatim.Scratch
	var counts [languages][classes]float64
	var sums [languages]map[uint32]*sum
	for l := range sums {
		sums[l] = map[uint32]*sum{}
	}
	for _, e := range examples {
		l, ok := languageOf(a.Analyse(&s, e.Text).Language)
		if !ok {
			continue
		}
		var has []uint32
		eachFeature(&s, func(key uint32, _, _ int) { has = append(has, bucket(key)) })
		counts[l][e.Class]++
		for i, b := range has {
			at := sums[l][b]
			if at == nil {
				at = &sum{}
				sums[l][b] = at
			}
			if at.of[e.Class] += damp(len(has)); !slices.Contains(has[:i], b) {
				at.texts++
			}
		}
	}
	out := &reference{}
	for l := range sums {
		for b, at := range sums[l] {
			if at.texts < referenceLeast {
				continue
			}
			mean := 0.0
			for c, v := range at.of {
				mean += v * elsewhereShare[c] / max(counts[l][c], 1)
			}
			out[l] = append(out[l], bucketMean{bucket: b, mean: float32(mean)})
		}
		slices.SortFunc(out[l], func(a, b bucketMean) int { return int(a.bucket) - int(b.bucket) })
	}
	return out
}

// referenceSteps is what the highest mean of a language is written as.
const referenceSteps = math.MaxUint16

// encode writes it: for each language how many buckets, the highest mean, and the
// distances of the buckets and their means, in steps; all of it deflated.
func (r *reference) encode() []byte {
	var raw []byte
	for l := range r {
		highest := float32(0)
		for _, e := range r[l] {
			highest = max(highest, e.mean)
		}
		raw = binary.AppendUvarint(raw, uint64(len(r[l])))
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(highest))
		last := uint32(0)
		for _, e := range r[l] {
			raw = binary.AppendUvarint(raw, uint64(e.bucket-last))
			raw = binary.AppendUvarint(raw, uint64(math.Round(float64(e.mean/highest)*referenceSteps)))
			last = e.bucket
		}
	}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err == nil {
		if _, err = w.Write(raw); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		panic(err) // the level is right and a buffer takes everything
	}
	return out.Bytes()
}

// decodeReference reads what encode wrote. It is a part of the program: what cannot
// be read is as good as nothing, and a test compares it with the corpus.
func decodeReference(data []byte) *reference {
	out := &reference{}
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(data)))
	if err != nil {
		return out
	}
	number := func() uint64 {
		v, n := binary.Uvarint(raw)
		raw = raw[max(n, 0):]
		return v
	}
	for l := range out {
		count := number()
		if len(raw) < 4 || count > buckets {
			return &reference{}
		}
		highest := math.Float32frombits(binary.LittleEndian.Uint32(raw))
		raw = raw[4:]
		out[l] = make([]bucketMean, count)
		last := uint32(0)
		for i := range out[l] {
			last = min(last+uint32(number()), buckets-1) //nolint:gosec // distances of buckets
			out[l][i] = bucketMean{bucket: last, mean: float32(number()) / referenceSteps * highest}
		}
	}
	return out
}
