// Package crashpoint is where a process can be told to die between two steps, so that the
// end-to-end tests prove what a kill there leaves. A build with the tag crashpoints kills
// itself, as by kill -9, when it reaches the step that CRASH_AT names; "committed:7" is the
// seventh time. Any other build, and so each that is shipped, does nothing there.
package crashpoint
