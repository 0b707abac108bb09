package model

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrNotAModel says that bytes are no model of this version of the program:
// damaged, cut short, or of another format.
var ErrNotAModel = errors.New("not a model that this version of the program can read")

// MaxEncoded bounds an encoded model, in bytes. Those of Train and TrainHeads are
// smaller.
const MaxEncoded = 840 << 10

// magic begins every encoded model; its last byte is the format's version. What
// the buckets and the signs mean is part of the format: who changes eachFeature, signsOf
// or the facts raises it.
var magic = []byte("rvm\x03")

const (
	maxPrefix = 32
	// numbers are scale, bias, share and signs.
	numbers = 1 + (2+signs)*classes
	body    = numbers*4 + buckets*classes
	// Behind it stands how many features the heads have (0 is no heads), in four bytes,
	// and then the heads: numbers, keys, weights.
	headNumbers = (facts + 3) * headCount
	maxBody     = body + 4 + headNumbers*4 + MaxHeadFeatures*(4+headCount)
)

// Encode writes a model: magic, the digest (SHA-256) of the body, the prefix of
// the version with its length, and the body, deflated: float32 numbers in little
// endian and the weights. Its bytes depend on the compressor; the digest, and so
// the version, does not.
func (m *Model) Encode() []byte {
	var out bytes.Buffer
	out.Write(magic)
	out.Write(m.digest[:])
	out.WriteByte(byte(len(m.prefix)))
	out.WriteString(m.prefix)
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err == nil {
		_, err = w.Write(m.body())
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		panic(err) // the level is right and a buffer takes everything
	}
	return out.Bytes()
}

// Decode reads what Encode wrote. Its error is ErrNotAModel with a reason.
func Decode(data []byte) (*Model, error) {
	const fixed = 4 + sha256.Size + 1
	if len(data) > MaxEncoded || len(data) < fixed || !bytes.HasPrefix(data, magic) {
		return nil, fmt.Errorf("%w: %d bytes, and they begin otherwise", ErrNotAModel, len(data))
	}
	m := &Model{digest: [32]byte(data[4:])}
	n := int(data[fixed-1])
	if n > maxPrefix || len(data) < fixed+n {
		return nil, fmt.Errorf("%w: its name is cut short", ErrNotAModel)
	}
	m.prefix = string(data[fixed : fixed+n])
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data[fixed+n:])), maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAModel, err)
	}
	if len(raw) < body+4 || len(raw) > maxBody {
		return nil, fmt.Errorf("%w: it is too short or too long", ErrNotAModel)
	}
	if sha256.Sum256(raw) != m.digest {
		return nil, fmt.Errorf("%w: it is damaged", ErrNotAModel)
	}
	return m, m.setBody(raw)
}

// seal fills in the digest once the numbers stand.
func (m *Model) seal() *Model {
	m.digest = sha256.Sum256(m.body())
	return m
}

func (m *Model) body() []byte {
	out := make([]byte, 0, body)
	put := func(v float32) { out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v)) }
	put(m.scale)
	for c := range classes {
		put(m.bias[c])
		put(m.share[c])
		for i := range signs {
			put(m.signs[i][c])
		}
	}
	for _, w := range m.weights {
		out = append(out, byte(w))
	}
	return m.heads.append(out)
}

func (m *Model) setBody(raw []byte) error {
	raw, rest := raw[:body], raw[body:]
	var err error
	get := func(least float32) float32 {
		v := math.Float32frombits(binary.LittleEndian.Uint32(raw))
		raw = raw[4:]
		if !(v >= least && v <= 1e6) { // NaN is neither
			err = fmt.Errorf("%w: a number of it is out of bounds", ErrNotAModel)
		}
		return v
	}
	m.scale = get(0)
	for c := range classes {
		m.bias[c] = get(-1e6)
		m.share[c] = get(1e-6)
		for i := range signs {
			m.signs[i][c] = get(-1e6)
		}
	}
	m.weights = make([]int8, len(raw))
	for i, b := range raw {
		m.weights[i] = int8(b)
	}
	if err == nil {
		m.heads, err = readHeads(rest)
	}
	return err
}
