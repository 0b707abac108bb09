package redisindex

import "net/url"

// keyspace names every key of one index:
//
//	<prefix>:{<queue>}:entries|ready|delayed|holds|asks|due|lists
//	<prefix>:{%index}:queues   SET of the queues' names
//	<prefix>:{%index}:meta     HASH life, incarnation, seq, whole
//
// What stands in braces decides the hash slot. A queue's name is escaped there,
// so that no name can break the braces or meet the index's own tag.
type keyspace struct{ prefix string }

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

func (k keyspace) lists(name string) string { return k.stem(name) + queueKeys[keyLists] }

func (k keyspace) stem(queueName string) string {
	tag := url.QueryEscape(queueName)
	if tag == "" {
		tag = "%" // an empty tag would spread the queue's keys over all slots
	}
	return k.prefix + ":{" + tag + "}:"
}

func (k keyspace) meta() string   { return k.prefix + ":{%index}:meta" }
func (k keyspace) queues() string { return k.prefix + ":{%index}:queues" }
