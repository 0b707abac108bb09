package replay

import (
	"fmt"
	"io"
	"os"

	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

// rejectsFile is made with the first refused row: no refusals, no file.
type rejectsFile struct {
	path   string
	make   func(io.Writer) responsefile.Rejects
	file   *os.File
	writer responsefile.Rejects
	size   int64
	synced int64 // of size
}

// Write counts what goes into the file.
func (f *rejectsFile) Write(b []byte) (int, error) {
	n, err := f.file.Write(b)
	f.size += int64(n)
	return n, err
}

// resume goes on behind what belongs to the finished rows; what an interrupted
// run wrote beyond them is cut off and will be written again.
func (f *rejectsFile) resume(size int64) error {
	if size == 0 {
		return nil
	}
	file, err := os.OpenFile(f.path, os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("the interrupted run's rejects file is gone: %w; begin again with --restart", err)
	}
	f.file = file
	if err := file.Truncate(size); err != nil {
		return err
	}
	if _, err := file.Seek(size, io.SeekStart); err != nil {
		return err
	}
	f.size, f.synced, f.writer = size, size, f.make(f)
	return nil
}

func (f *rejectsFile) add(r *responsefile.Row, reason string) error {
	if f.file == nil {
		// It holds customers' data, so it is its owner's alone.
		file, err := os.OpenFile(f.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("refused rows cannot be kept: %w; name another place with --rejects", err)
		}
		f.file, f.writer = file, f.make(f)
		if err := f.writer.Header(); err != nil {
			return err
		}
	}
	return f.writer.Write(r, reason)
}

func (f *rejectsFile) flush() error {
	if f.writer == nil {
		return nil
	}
	return f.writer.Flush()
}

// sync puts what was flushed on disk.
func (f *rejectsFile) sync() error {
	if f.file == nil || f.synced == f.size {
		return nil
	}
	f.synced = f.size
	return f.file.Sync()
}

func (f *rejectsFile) close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
