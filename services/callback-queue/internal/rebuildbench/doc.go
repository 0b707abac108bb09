// Package rebuildbench measures the program as it is shipped with a large number of
// open callbacks: what a kill or an emptied Redis costs, and whether work stays as
// quick as it is with few. `make bench-rebuild` runs it.
package rebuildbench
