package keyfile

import (
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of a file.
const (
	// MaxKeys is how many keys one file holds.
	MaxKeys = 10_000
	// MaxRate is the highest rate, in answers a second, and MaxBurst the largest burst.
	MaxRate  = 100_000
	MaxBurst = 1_000_000
	// MinRate is the lowest rate: one answer in 1,000 seconds.
	MinRate = 0.001
)

// Entry is one key of a file.
type Entry struct {
	// Name says whose the key is. Keys of one name are one sender's: the old key and the
	// new one, while the sender changes over.
	Name string
	// Hash of the key.
	Hash Hash
	// Surveys and Channels that the key may send; empty is any.
	Surveys, Channels []string
	// NotAfter is the last moment the key is taken; zero is for ever.
	NotAfter time.Time
	// Rate is in answers a second, with Burst at once; 0 is without a limit.
	Rate  float64
	Burst int
}

// maxFile is how many bytes a file has; MaxKeys with their surveys fit.
const maxFile = 4 << 20

const noKey = "holds no key, so nobody could send anything; rappel keys new makes one"

// Load reads a file; its name is for messages. The error is a *strictyaml.Error: it names
// everything that is wrong.
func Load(file string, text []byte) ([]Entry, error) {
	r := &reader{
		Reader: strictyaml.New(strictyaml.Options{File: file, Limit: maxFile, Empty: noKey, Secret: true}),
		hashes: map[Hash]int{}, names: map[string]named{},
	}
	var entries []Entry
	if root := r.Document(text); root != nil {
		r.Object(root, "", strictyaml.Fields{"keys": func(n *yaml.Node, path string) {
			r.Most(n, path, MaxKeys, "key", func(n *yaml.Node, _ string) { entries = append(entries, r.entry(n)) })
		}})
	}
	if len(entries) == 0 && r.Count() == 0 {
		r.Add(strictyaml.Problem{Message: noKey})
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return entries, nil
}

// reader reads entries, and remembers those it has read.
type reader struct {
	*strictyaml.Reader
	hashes map[Hash]int     // line of each
	names  map[string]named // the first of each
}

type named struct {
	line  int
	rate  float64
	burst int
}
