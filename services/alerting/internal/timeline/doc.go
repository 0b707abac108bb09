// Package timeline reads timelines: texts that say what happens when, as an answer that
// comes or somebody who acknowledges an alert, and who is told what when. They are how the
// alerting is tested from end to end, on a clock that is moved by hand; whoever runs it can
// read and write them. docs/notifications.md describes the language.
//
// A timeline is exact: whatever people are told and it does not expect is a failure, and so
// is what it expects and they are not told.
package timeline
