package redisindex

import (
	"net/url"
	"slices"
	"strings"
)

// keyspace names every key of one index:
//
//	<prefix>:<format>:{<queue>}:entries|ready|delayed|holds|asks|due|lists
//	<prefix>:<format>:{%index}:lines    SET of the lines that ever were, as line.text
//	<prefix>:<format>:{%index}:meta     HASH life, incarnation, seq, whole
//
// What stands in braces decides the hash slot. A queue's name is escaped there,
// so that no name can break the braces or meet the index's own tag.
type keyspace struct{ prefix string }

// format is the version of what the keys hold: what another version of this
// package wrote is never read. Raise it with every change of that.
const format = "3"

// queueKeys are the suffixes of a queue's keys, in the order all scripts take.
var queueKeys = [...]string{"entries", "ready", "delayed", "holds", "asks", "due", "lists"}

// Places in queueKeys.
const (
	keyEntries = iota
	keyReady
	keyDelayed
	keyHolds
	keyAsks
	keyDue
	keyLists
)

func (k keyspace) queue(name string) []string {
	stem := k.stem(name)
	keys := make([]string, len(queueKeys))
	for i, suffix := range queueKeys {
		keys[i] = stem + suffix
	}
	return keys
}

func (k keyspace) entries(name string) string { return k.stem(name) + queueKeys[keyEntries] }

func (k keyspace) ready(name string) string { return k.stem(name) + queueKeys[keyReady] }

func (k keyspace) due(name string) string { return k.stem(name) + queueKeys[keyDue] }

func (k keyspace) lists(name string) string { return k.stem(name) + queueKeys[keyLists] }

func (k keyspace) stem(queueName string) string {
	tag := url.QueryEscape(queueName)
	if tag == "" {
		tag = "%" // an empty tag would spread the queue's keys over all slots
	}
	return k.prefix + ":" + format + ":{" + tag + "}:"
}

func (k keyspace) meta() string  { return k.own() + "meta" }
func (k keyspace) lines() string { return k.own() + "lines" }
func (k keyspace) own() string   { return k.prefix + ":" + format + ":{%index}:" }

// line is one line of a queue.
type line struct{ queue, line string }

// text is the line as the set of lines has it.
func (l line) text() string { return url.QueryEscape(l.queue) + " " + l.line }

// lineOf reads what text made.
func lineOf(text string) (line, error) {
	name, l, _ := strings.Cut(text, " ")
	name, err := url.QueryUnescape(name)
	return line{name, l}, err
}

// crowd is what is known of the lines there are. It never changes.
type crowd struct {
	// texts is the set of lines as it was read, sorted.
	texts []string
	// queues are their queues, each once, and linesOf the lines of each.
	queues  []string
	linesOf map[string][]string
}

// newCrowd reads the set of lines; it keeps the slice.
func newCrowd(texts []string) (*crowd, error) {
	slices.Sort(texts)
	c := &crowd{texts: texts, linesOf: make(map[string][]string)}
	for _, text := range texts {
		l, err := lineOf(text)
		if err != nil {
			return nil, err
		}
		if _, known := c.linesOf[l.queue]; !known {
			c.queues = append(c.queues, l.queue)
		}
		c.linesOf[l.queue] = append(c.linesOf[l.queue], l.line)
	}
	return c, nil
}
