// Package notifyfile reads the file that says who is told of alerts: receivers, routes,
// chains, inhibitions and hours. docs/notifications.md is its description.
//
// Authority. The file says who is told in the process that reads it; without one nobody is.
// It is looked at again and again, and taken when it has changed and stood still for a look.
//
// Safety. A file is taken whole or not at all: everything that is wrong with it is named,
// each with its line, and what was in force stays so.
package notifyfile
