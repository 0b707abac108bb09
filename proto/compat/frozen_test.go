package compat_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

var freeze = flag.Bool("freeze", false, "freeze a further encoding of each event that has fields no frozen one shows")

const dir = "../events/v1/testdata"

// stored are the events that are messages of a stream by themselves.
func stored() []proto.Message {
	return []proto.Message{
		&eventsv1.PushReceived{}, &eventsv1.ImportEvent{}, &eventsv1.ImportPart{}, &eventsv1.CallNoted{}, &eventsv1.FeedKey{}, &eventsv1.DoNotCallChanged{}, &eventsv1.ResponseReceived{}, &eventsv1.ResponseScored{}, &eventsv1.AlertRaised{}, &eventsv1.AlertResolved{},
		&eventsv1.FollowUpAnswered{}, &eventsv1.RulesStored{},
		&eventsv1.AnalysisCorrected{}, &eventsv1.ModelEvent{},
		&eventsv1.QueueMeasured{}, &eventsv1.FallbackChanged{},
		&eventsv1.AlertChanged{}, &eventsv1.SilenceChanged{}, &eventsv1.GroupNotified{}, &eventsv1.DeliveryChanged{}, &eventsv1.ReceiverChanged{},
		&eventsv1.CallbackEvent{}, &eventsv1.AgentEvent{}, &eventsv1.DeadLetter{}, &eventsv1.Redrive{},
	}
}

func name(m proto.Message) string { return string(m.ProtoReflect().Descriptor().Name()) }

// frozen lists the frozen encodings of an event, without their endings.
func frozen(t *testing.T, m proto.Message) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, name(m)+".*.binpb"))
	require.NoError(t, err)
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".binpb")
	}
	return files
}

func TestWhatWasStoredOnceIsReadForEver(t *testing.T) {
	t.Parallel()
	for _, m := range stored() {
		t.Run(name(m), func(t *testing.T) {
			t.Parallel()
			files := frozen(t, m)
			if !*freeze {
				require.NotEmpty(t, files, "never frozen: go test ./compat -freeze")
			}
			shown := map[protoreflect.FullName]bool{}
			for _, f := range files {
				got, want := m.ProtoReflect().New().Interface(), m.ProtoReflect().New().Interface()
				data, err := os.ReadFile(f + ".binpb")
				require.NoError(t, err)
				require.NoError(t, proto.Unmarshal(data, got))
				meant, err := os.ReadFile(f + ".json")
				require.NoError(t, err)
				require.NoError(t, protojson.Unmarshal(meant, want), "a field or a value that was frozen is gone")
				require.True(t, proto.Equal(want, got), "%s means something else now:\nfrozen  %s\nread as %s", f, meant, protojson.Format(got))
				show(got.ProtoReflect(), shown)
				noUnknown(t, got.ProtoReflect())
			}
			missing := notShown(m.ProtoReflect().Descriptor(), shown)
			if len(missing) > 0 && *freeze {
				freezeNext(t, m, next(files))
				return
			}
			require.Empty(t, missing, "not frozen yet: go test ./compat -freeze")
		})
	}
}

// nameless are the messages of a stream that carry no event id: what they are about is.
var nameless = []string{"DoNotCallChanged", "CallNoted", "FeedKey", "ImportPart"}

func TestEveryMessageOfAStreamIsFrozen(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, m := range stored() {
		known[name(m)] = true
	}
	protoregistry.GlobalFiles.RangeFilesByPackage("rappel.events.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Messages().Len() {
			m := file.Messages().Get(i)
			isEvent := m.Fields().ByName("event_id") != nil
			if !slices.Contains(nameless, string(m.Name())) {
				require.Equal(t, isEvent, known[string(m.Name())], "%s: list it in stored", m.Name())
			}
		}
		return true
	})
}

// next is the number after the highest: branches that froze at once may leave gaps.
func next(files []string) int {
	highest := 0
	for _, f := range files {
		if n, err := strconv.Atoi(f[strings.LastIndexByte(f, '.')+1:]); err == nil {
			highest = max(highest, n)
		}
	}
	return highest + 1
}

// freezeNext writes a further encoding; none is ever written over.
func freezeNext(t *testing.T, m proto.Message, n int) {
	t.Helper()
	fill(m.ProtoReflect(), 0)
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	require.NoError(t, err)
	base := filepath.Join(dir, fmt.Sprintf("%s.%d", name(m), n))
	for path, content := range map[string][]byte{base + ".binpb": data, base + ".json": []byte(protojson.Format(m) + "\n")} {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		require.NoError(t, err)
		_, err = f.Write(content)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
}

// show notes every field that is set, in m and below.
func show(m protoreflect.Message, shown map[protoreflect.FullName]bool) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		shown[fd.FullName()] = true
		for _, sub := range messagesIn(fd, v) {
			show(sub, shown)
		}
		return true
	})
}

func noUnknown(t *testing.T, m protoreflect.Message) {
	t.Helper()
	require.Empty(t, m.GetUnknown(), "%s has lost a field", m.Descriptor().FullName())
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		for _, sub := range messagesIn(fd, v) {
			noUnknown(t, sub)
		}
		return true
	})
}

func messagesIn(fd protoreflect.FieldDescriptor, v protoreflect.Value) []protoreflect.Message {
	var found []protoreflect.Message
	switch {
	case fd.IsMap():
		if fd.MapValue().Message() != nil {
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				found = append(found, v.Message())
				return true
			})
		}
	case fd.Message() == nil:
	case fd.IsList():
		for i := range v.List().Len() {
			found = append(found, v.List().Get(i).Message())
		}
	default:
		found = append(found, v.Message())
	}
	return found
}

// notShown lists the fields of a message, and of those in it, that no frozen
// encoding shows.
func notShown(m protoreflect.MessageDescriptor, shown map[protoreflect.FullName]bool) []string {
	missing := map[string]bool{}
	seen := map[protoreflect.FullName]bool{}
	var walk func(protoreflect.MessageDescriptor)
	walk = func(m protoreflect.MessageDescriptor) {
		if seen[m.FullName()] || m.ParentFile().Package() == "google.protobuf" {
			return
		}
		seen[m.FullName()] = true
		for i := range m.Fields().Len() {
			fd := m.Fields().Get(i)
			if !shown[fd.FullName()] && !m.IsMapEntry() {
				missing[string(fd.FullName())] = true
			}
			if fd.Message() != nil {
				walk(fd.Message())
			}
		}
	}
	walk(m)
	names := make([]string, 0, len(missing))
	for n := range missing {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
