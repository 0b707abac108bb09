package model

import (
	"encoding/binary"
	"fmt"
	"math"
)

// each calls yield with every number of the heads, in the order of the format.
func (h *heads) each(yield func(*float32)) {
	for f := range h.dense {
		for k := range h.dense[f] {
			yield(&h.dense[f][k])
		}
	}
	for _, of := range []*[headCount]float32{&h.scale, &h.add, &h.drop} {
		for k := range of {
			yield(&of[k])
		}
	}
}

// append appends the heads as a body has them.
func (h *heads) append(out []byte) []byte {
	if h == nil {
		return binary.LittleEndian.AppendUint32(out, 0)
	}
	out = binary.LittleEndian.AppendUint32(out, uint32(len(h.keys)))
	h.each(func(v *float32) { out = binary.LittleEndian.AppendUint32(out, math.Float32bits(*v)) })
	for _, key := range h.keys {
		out = binary.LittleEndian.AppendUint32(out, key)
	}
	for k := range headCount { // head by head, which deflates better
		for r := range h.weights {
			out = append(out, byte(h.weights[r][k]))
		}
	}
	return out
}

// readHeads reads what append wrote.
func readHeads(raw []byte) (*heads, error) {
	n := int(binary.LittleEndian.Uint32(raw))
	raw = raw[4:]
	if n == 0 && len(raw) == 0 {
		return nil, nil //nolint:nilnil // a model may have none
	}
	if n < 1 || n > MaxHeadFeatures || len(raw) != headNumbers*4+n*(4+headCount) {
		return nil, fmt.Errorf("%w: its heads are cut short", ErrNotAModel)
	}
	h := &heads{keys: make([]uint32, n), weights: make([][headCount]int8, n)}
	sound := true
	h.each(func(v *float32) {
		*v = math.Float32frombits(binary.LittleEndian.Uint32(raw))
		sound = sound && *v >= -1e6 && *v <= 1e6 // NaN is neither
		raw = raw[4:]
	})
	for i := range h.keys {
		h.keys[i] = binary.LittleEndian.Uint32(raw)
		sound = sound && (i == 0 || h.keys[i] > h.keys[i-1])
		raw = raw[4:]
	}
	if !sound {
		return nil, fmt.Errorf("%w: a number of its heads is out of bounds", ErrNotAModel)
	}
	for k := range headCount {
		for r := range h.weights {
			h.weights[r][k] = int8(raw[k*n+r])
		}
	}
	return h.index(), nil
}
