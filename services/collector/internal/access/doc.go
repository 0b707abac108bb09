// Package access says who may send answers, and how many.
//
// Authority. The file of keys (services/internal/keyfile) is read at the start, and again
// when it changes; a wrong one changes nothing. Without one everybody may send everything; that is a deployment whose network decides.
// The limits' buckets are in Redis where there is one, so that the collectors of a
// deployment share them, and in this process's memory else.
//
// Safety. A key is looked up by its hash, so none is compared byte by byte and how long
// an answer takes says nothing of one. A key, right or wrong, is in no log, no metric and
// no error; a known one's name may be. What a key may send is judged on the response as
// it will be stored, after its normalisation, and on the one held that it would correct:
// nobody changes by a correction what they might not have sent. A limit counts answers,
// and not calls; the first is taken before the body is read, the rest once their number
// is known, and never more than the bucket holds when it is full: a batch of any size can
// be sent, if seldom.
//
// Failure. A limit is no reason to lose an answer. Where Redis does not answer at once,
// the process's own memory counts instead, and each collector grants the whole rate for
// that time. A bucket that is forgotten (too many addresses, a restart) is a full one.
package access
