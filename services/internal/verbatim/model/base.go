package model

import (
	_ "embed"
	"sync"
)

//go:embed base.bin
var encoded []byte

// Base is the model that the program carries, trained on the texts of package
// corpus, which we have invented: `go test ./services/internal/verbatim/model
// -run TestDoc -update` makes it again.
func Base() (*Model, error) { return base() }

var base = sync.OnceValues(func() (*Model, error) { return Decode(encoded) })
