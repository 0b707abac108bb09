package order

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// hexDigits is the width of an instant in sortable text.
const hexDigits = 16

// Key is an entry's place in the pages: by opening time, then by id.
type Key struct {
	// Opened is the opening time as Nanos gives it.
	Opened int64
	// ID is the callback's id.
	ID string
}

// Compare orders keys as the pages are: negative when k comes before other.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Opened, other.Opened), cmp.Compare(k.ID, other.ID))
}

// justBefore is the key behind which everything opened from t on comes, and nothing
// else.
func justBefore(t time.Time) Key {
	return Key{Opened: max(Nanos(t)-1, Never+1), ID: "\xff"} // no id is so high
}

// Start is the key behind which a page begins: of a former page's cursor, empty
// for none, or where the filter begins. ok is false when it begins at the very first.
func Start(f queue.Filter, cursor string) (k Key, ok bool, err error) {
	if cursor != "" {
		if k, err = ParseCursor(cursor); err != nil {
			return k, false, err
		}
		ok = true
	}
	if from := justBefore(f.OpenedFrom); !f.OpenedFrom.IsZero() && (!ok || k.Compare(from) < 0) {
		return from, true, nil
	}
	return k, ok, nil
}

// Text is the key as text whose bytes sort as Compare does: 16 hex digits, a
// colon, the id.
func (k Key) Text() string {
	return HexOf(k.Opened) + ":" + k.ID
}

// Cursor is the key as an opaque token, safe in a URL.
func (k Key) Cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(k.Text()))
}

// ParseCursor reads what Cursor made. The error is queue.ErrBadPageToken.
func ParseCursor(token string) (Key, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", queue.ErrBadPageToken, err)
	}
	opened, id, found := strings.Cut(string(raw), ":")
	if !found {
		return Key{}, fmt.Errorf("%w: no colon", queue.ErrBadPageToken)
	}
	nanos, err := FromHex(opened)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", queue.ErrBadPageToken, err)
	}
	return Key{Opened: nanos, ID: id}, nil
}

// HexOf is a number as 16 hex digits that sort as the number does, negative
// ones included.
func HexOf(n int64) string {
	digits := strconv.FormatUint(uint64(n)^(1<<63), 16)
	return strings.Repeat("0", hexDigits-len(digits)) + digits
}

// digits64 are the digits of Sortable, in the order of their bytes.
const digits64 = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

// SortableSize is how long a number is as Sortable.
const SortableSize = 11

// Sortable is a number as 11 characters that sort as the number does, negative
// ones included.
func Sortable(n int64) string {
	var text [SortableSize]byte
	u := uint64(n) ^ (1 << 63)
	for i := range text {
		text[SortableSize-1-i] = digits64[u&63]
		u >>= 6
	}
	return string(text[:])
}

// FromSortable reads what Sortable made.
func FromSortable(text string) (int64, error) {
	if len(text) != SortableSize {
		return 0, fmt.Errorf("%d sortable digits, not %d", len(text), SortableSize)
	}
	var u uint64
	for i := range len(text) {
		d := strings.IndexByte(digits64, text[i])
		if d < 0 {
			return 0, fmt.Errorf("%q is no sortable digit", text[i])
		}
		u = u<<6 | uint64(d)
	}
	return int64(u ^ (1 << 63)), nil
}

// FromHex reads what HexOf made.
func FromHex(text string) (int64, error) {
	if len(text) != hexDigits {
		return 0, fmt.Errorf("%d hex digits, not %d", len(text), hexDigits)
	}
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0, err
	}
	return int64(n ^ (1 << 63)), nil
}
