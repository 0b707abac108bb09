// Package pseudonym makes the keys that customers go by small, for those who keep many of them
// in memory.
package pseudonym

import "encoding/base32"

// ID is 128 bits of a key's 130: as good as the key for telling customers apart.
type ID [16]byte

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Of is the ID of a key of 26 characters of base32; ok is false for what is none.
func Of(key string) (id ID, ok bool) {
	var b [20]byte
	if len(key) != 26 {
		return ID{}, false
	}
	n, err := encoding.Decode(b[:], []byte(key))
	return ID(b[:16]), err == nil && n == 16
}
