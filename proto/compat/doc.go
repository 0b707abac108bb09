// Package compat holds the contracts to their promise: what was stored once can
// be read for ever. One frozen encoding of each event, in events/v1/testdata,
// must decode to what it meant when it was frozen. A frozen file is never
// changed; a field added to an event is frozen in a further file:
//
//	go test ./compat -freeze
package compat
