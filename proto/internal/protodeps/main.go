// Command protodeps prints the third-party .proto files that our contracts
// import, from the descriptors that the pinned Go modules link, into a folder.
// So nothing third-party is committed, and the compiler sees the very version
// the binaries carry.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/jhump/protoreflect/v2/protoprint"
	_ "google.golang.org/genproto/googleapis/api/annotations" // google/api/annotations.proto, http.proto
	"google.golang.org/protobuf/reflect/protoregistry"
)

// imported lists what our .proto files import, and what those files import.
// google/protobuf/*.proto is built into buf.
var imported = []string{
	"google/api/annotations.proto",
	"google/api/http.proto",
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: protodeps DIR")
	}
	for _, path := range imported {
		if err := printFile(os.Args[1], path); err != nil {
			log.Fatal(err)
		}
	}
}

func printFile(dir, path string) error {
	file, err := protoregistry.GlobalFiles.FindFileByPath(path)
	if err != nil {
		return fmt.Errorf("find %s: %w", path, err)
	}
	out := filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	text, err := (&protoprint.Printer{}).PrintProtoToString(file)
	if err != nil {
		return fmt.Errorf("print %s: %w", path, err)
	}
	return os.WriteFile(out, []byte(text), 0o644)
}
