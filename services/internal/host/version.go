package host

import "runtime/debug"

// version is set by the build: -ldflags "-X …/internal/host.version=v1.2.3".
var version string

// Version names what this program was built from: what the build was told, else
// the commit that the toolchain recorded, else "unknown".
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	name, changed := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			name = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "-dirty"
		}
	}
	return name + changed
}
