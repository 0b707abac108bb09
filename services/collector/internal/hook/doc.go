// Package hook takes in what survey products tell by webhooks: which call is genuine,
// what it tells, and where the answers are when it does not bring them.
//
// Authority. A source (typeform, hubspot, …) is code: how it signs, what its calls look
// like, how its API is asked. An endpoint is configuration: one source's calls for one
// purpose, with its own secrets and its own mapping of what a body becomes.
//
// Safety. A call is verified on its raw bytes, in constant time, before anything of it
// is read; a scheme that signs a timestamp refuses what is older than Tolerance. What
// has no timestamp can be told again by whoever overheard it, and gains nothing: a
// response is known by its id, and a piece that is older than what is held corrects
// nothing (package response, Merge). A call without a signature is refused, unless the
// endpoint allows it by name.
//
// Order. What a call tells is stored first (stream PUSHES), then the call is answered,
// then it becomes answers: by the mapping alone, or after its source's API was asked.
// What cannot be done now is tried again, what cannot be done at all becomes a dead
// letter that can be redriven once the mapping is mended. Pushes about one response are
// handled one after the other; endpoints do not wait for each other.
//
// Failure. A source's API that is away, slow or tired of us is tried again after 5
// seconds, then after twice as long each time, up to 10 minutes, for a day in all. A
// push that was handled and not acknowledged is handled again: its responses are known.
package hook
