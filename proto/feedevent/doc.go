// Package feedevent is what stands in the feed: the names of its events, and what each
// holds, as Go types. An event is a CloudEvents 1.0 event in the JSON format; Decode reads
// one. docs/feed-events.md shows an example of each, docs/feed has their JSON Schemas, and
// both are printed from here.
//
// Nothing in these types is personal data: customers, and what leads to them, appear by
// pseudonyms. Fields are added and never change their meaning; whoever reads events must not
// mind a field, a type of event or a value of an enumeration that is new to them. Values of
// enumerations are those of package events/v1, in capitals as in the HTTP API.
package feedevent
