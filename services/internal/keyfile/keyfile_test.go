package keyfile_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

const (
	one   = "0000000000000000000000000000000000000000000000000000000000000001"
	two   = "0000000000000000000000000000000000000000000000000000000000000002"
	three = "ABCDEF0000000000000000000000000000000000000000000000000000000003"
)

func TestAKeyIsRandomAndItsHashPlain(t *testing.T) {
	t.Parallel()
	key := keyfile.New()
	require.Regexp(t, `^rk_[A-Za-z0-9_-]{43}$`, key)
	require.NotEqual(t, key, keyfile.New())
	h, err := keyfile.Sum(key)
	require.NoError(t, err)
	want := sha256.Sum256([]byte(key))
	require.Equal(t, hex.EncodeToString(want[:]), h.String())
}

func TestWhatIsNoKey(t *testing.T) {
	t.Parallel()
	key := keyfile.New()
	for _, bad := range []string{"", "rk_", key + "A", key[:45], " " + key, key + "\n", "RK_" + key[3:], key[3:], "rk_" + strings.Repeat("!", 43), key[:45] + "\n"} {
		_, err := keyfile.Sum(bad)
		require.ErrorIs(t, err, keyfile.ErrKey, "%q", bad)
		require.EqualError(t, err, keyfile.ErrKey.Error(), "it repeats nothing")
	}
}

func TestAFile(t *testing.T) {
	t.Parallel()
	entries, err := keyfile.Load("keys.yaml", []byte(`
keys:
  - {name: shop, sha256: "`+one+`", rate: 2.5, surveys: &s [apres-livraison, magasin], channels: [" sms ", "e-mail du soir"], not_after: 2027-01-01T01:00:00+01:00}
  - {name: shop, sha256: "`+two+`", rate: 2.5, burst: 3, surveys: *s}
  - name: batch
    sha256: `+three+`
    rate: 20
    burst: 1000
`))
	require.NoError(t, err)
	hash := func(s string) (h keyfile.Hash) {
		_, err := hex.Decode(h[:], []byte(s))
		require.NoError(t, err)
		return h
	}
	surveys := []string{"apres-livraison", "magasin"}
	at := entries[0].NotAfter
	require.True(t, at.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)))
	require.Equal(t, []keyfile.Entry{
		{Name: "shop", Hash: hash(one), Surveys: surveys, Channels: []string{"sms", "e-mail du soir"}, NotAfter: at, Rate: 2.5, Burst: 3},
		{Name: "shop", Hash: hash(two), Surveys: surveys, Rate: 2.5, Burst: 3},
		{Name: "batch", Hash: hash(three), Rate: 20, Burst: 1000},
	}, entries)
}

// The documentation's example is the one people copy.
func TestTheExampleIsRead(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../docs/operations.md")
	require.NoError(t, err)
	_, text, found := strings.Cut(string(doc), "```yaml\nkeys:")
	require.True(t, found)
	text, _, _ = strings.Cut(text, "```")
	entries, err := keyfile.Load("keys.yaml", []byte("keys:"+text))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, 500, entries[0].Burst)
}

func TestEveryMistakeIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	key := keyfile.New()
	_, err := keyfile.Load("keys.yaml", []byte(`keys:
  - name: two words
    sha256: short
    surveys: []
  - name: shop
    sha256: `+one+`
    secret: `+key+`
  - sha256: `+one+`
    rate: 0
    burst: 1.5
    not_after: tomorrow
  - {name: a, sha256: `+two+`, channels: [""], channels: [b]}
  - {name: b, sha256: `+two+`, burst: 2}
  - text
  - {name: c, sha256: `+three+`, rate: 1e9}
  - {name: `+key+`, sha256: `+key+`}
  - {name: d, sha256: "00000000000000000000000000000000000000000000000000000000000000aa", rate: 1}
  - {name: d, sha256: "00000000000000000000000000000000000000000000000000000000000000AA", rate: 1}
  - {name: d, sha256: "00000000000000000000000000000000000000000000000000000000000000ab", rate: 2}
`+key+`: 1
`))
	require.Error(t, err)
	require.NotContains(t, err.Error(), key)
	all := "burst, channels, name, not_after, rate, sha256, surveys"
	require.Equal(t, []string{
		"keys.yaml:2: name: must be 1 to 64 letters, digits, _ or -",
		"keys.yaml:3: sha256: must be 64 hexadecimal digits: rappel keys hash prints a key's",
		"keys.yaml:4: surveys: must be a list of one or more; leave it out for any",
		"keys.yaml:7: this field is not known here; possible are " + all,
		"keys.yaml:8: name: is required",
		"keys.yaml:9: rate: must be a number from 0.001 to 100000",
		"keys.yaml:10: burst: must be a whole number from 1 to 1000000",
		"keys.yaml:11: not_after: must be a time as 2027-01-01T00:00:00Z",
		"keys.yaml:12: channels[0]: must not be empty",
		"keys.yaml:12: channels: stands twice, first on line 12",
		"keys.yaml:13: burst: says nothing without a rate",
		"keys.yaml:14: must hold " + all + ", as name: value",
		"keys.yaml:15: rate: must be a number from 0.001 to 100000",
		"keys.yaml:16: name: is a key; a key stands nowhere in this file",
		"keys.yaml:16: sha256: must be 64 hexadecimal digits: rappel keys hash prints a key's",
		"keys.yaml:18: sha256: is that of line 17 as well",
		"keys.yaml:19: rate and burst must be those of line 17: keys of one name are one sender's, who has one rate",
		"keys.yaml:20: this field is not known here; possible are keys",
	}, strings.Split(err.Error(), "\n"))
}

// A key that YAML takes for something else is not repeated either.
func TestNoKeyIsRepeated(t *testing.T) {
	t.Parallel()
	key := keyfile.New()
	for _, text := range []string{"keys: *" + key, "keys: [{surveys: [*" + key + "]}]", "keys: [{" + key + ": a, " + key + ": b}]", "%" + key + "\n---\n", key, "- !" + key + "!a b"} {
		_, err := keyfile.Load("keys.yaml", []byte(text))
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), key[3:])
	}
}

func TestAFileThatHoldsNoKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              "holds no key",
		"# nothing":                     "holds no key",
		"keys:":                         "must be a list",
		"keys: []":                      "holds no key",
		"[]":                            "must hold keys",
		"keys: [":                       "keys.yaml:1: not YAML: did not find expected node content",
		"keys: []\n---\nkeys: []":       "a file holds one",
		"keys: &a [*a]":                 "what it is a part of",
		"keys: [{name: *nobody, a: 1}]": "unknown anchor",
	} {
		_, err := keyfile.Load("keys.yaml", []byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	hash, err := keyfile.Sum(keyfile.New())
	require.NoError(t, err)
	for _, e := range []keyfile.Entry{
		{Name: "a", Hash: hash},
		{
			Name: "true", Hash: hash, Surveys: []string{"2026", "no"}, Channels: []string{"e: mail, du soir", "#1", "'"},
			NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Rate: 0.5, Burst: 7,
		},
	} {
		text, err := e.YAML()
		require.NoError(t, err)
		entries, err := keyfile.Load("keys.yaml", []byte("keys:\n"+text))
		require.NoError(t, err, text)
		require.Equal(t, []keyfile.Entry{e}, entries)
	}
}
