package redisindex

import (
	"net/url"
	"strings"
)

// keyspace names every key of one index:
//
//	<prefix>:<name>:{<queue>}:entries|ready|delayed|holds|asks|due|lists|lines|gone
//	<prefix>:<name>:{%index}:queues   SET of the queues' names
//	<prefix>:indexes                  ZSET of the indexes' names, by when they were used last
//	<prefix>:<name>:{%index}:meta     HASH life, incarnation, seq, whole
//
// The name is the format, and the settings that the entries were derived under.
// What stands in braces decides the hash slot. A queue's name is escaped there,
// so that no name can break the braces or meet the index's own tag.
type keyspace struct{ prefix, name string }

// format is the version of what the keys hold: what another version of this
// package wrote is never read. Raise it with every change of that.
const format = "5"

// nameOf is the name of an index made under some settings.
func nameOf(settings string) string {
	if settings == "" {
		return format
	}
	return format + "-" + settings
}

// queueKeys are the suffixes of a queue's keys, in the order all scripts take.
var queueKeys = [...]string{"entries", "ready", "delayed", "holds", "asks", "due", "lists", "lines", "gone"}

// Places in queueKeys.
const (
	keyEntries = iota
	keyReady
	keyDelayed
	keyHolds
	keyAsks
	keyDue
	keyLists
	keyLines
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

func (k keyspace) lines(name string) string { return k.stem(name) + queueKeys[keyLines] }

func (k keyspace) stem(queueName string) string {
	tag := url.QueryEscape(queueName)
	if tag == "" {
		tag = "%" // an empty tag would spread the queue's keys over all slots
	}
	return k.prefix + ":" + k.name + ":{" + tag + "}:"
}

func (k keyspace) indexes() string { return k.prefix + ":indexes" }

// pattern matches all keys of an index, and no other's.
func pattern(k keyspace) string {
	quoted := strings.NewReplacer("\\", "\\\\", "*", "\\*", "?", "\\?", "[", "\\[", "]", "\\]")
	return quoted.Replace(k.prefix+":"+k.name) + ":{*"
}

func (k keyspace) meta() string   { return k.own() + "meta" }
func (k keyspace) queues() string { return k.own() + "queues" }
func (k keyspace) own() string    { return k.prefix + ":" + k.name + ":{%index}:" }
