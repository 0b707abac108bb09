package response

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

func TestTheCustomerKeyIsTheBestIdentityUnderTheSecret(t *testing.T) {
	t.Parallel()
	k, err := NewKeyer([]byte("0123456789abcdef"))
	require.NoError(t, err)
	c := &eventsv1.Customer{Id: "C-1", Email: "a@example.org", Phone: "+33612345678", Name: "A"}
	r := &eventsv1.Response{Survey: "s", Id: "r-1", Customer: c}
	byID := k.Key(r)
	c.Id = ""
	byEmail := k.Key(r)
	c.Email = ""
	byPhone := k.Key(r)
	c.Phone = ""
	byResponse := k.Key(r)
	keys := map[string]bool{byID: true, byEmail: true, byPhone: true, byResponse: true}
	require.Len(t, keys, 4)
	for key := range keys {
		require.NoError(t, subject.CheckCustomerKey(key))
		require.NoError(t, subject.CheckBucket(subject.BucketOf(key)))
	}
	require.Equal(t, byResponse, k.Key(&eventsv1.Response{Survey: "s", Id: "r-1"}))
	require.NotEqual(t, byResponse, k.Key(&eventsv1.Response{Survey: "s", Id: "r-2"}))
	require.NotEqual(t, byResponse, k.Key(&eventsv1.Response{Survey: "t", Id: "r-1"}))
	require.NotEqual(t, k.Key(&eventsv1.Response{Customer: &eventsv1.Customer{Id: "x"}}), k.Key(&eventsv1.Response{Customer: &eventsv1.Customer{Phone: "x"}}))
	// Frozen: another key would tear every customer's history in two.
	require.Equal(t, "shrxpbt3pzivmgzr3cdqtvzvvj", byID)
	require.Equal(t, "1a9", subject.BucketOf(byID))

	other, err := NewKeyer([]byte("0123456789abcdeg"))
	require.NoError(t, err)
	require.NotEqual(t, byResponse, other.Key(r))
	_, err = NewKeyer([]byte("0123456789abcde"))
	require.Error(t, err)
}

func TestTheKeyerKeepsItsOwnSecret(t *testing.T) {
	t.Parallel()
	secret := []byte("0123456789abcdef")
	k, err := NewKeyer(secret)
	require.NoError(t, err)
	r := &eventsv1.Response{Survey: "s", Id: "r"}
	before := k.Key(r)
	clear(secret)
	require.Equal(t, before, k.Key(r))
}

func TestIdentitiesDiffer(t *testing.T) {
	t.Parallel()
	id := IdentityOf("s", "a")
	require.Equal(t, "51b369cc0a639a242a2ac6ba8b05c225", hex.EncodeToString(id[:]), "the same in every collector")
	require.NotEqual(t, IdentityOf("s", "a"), IdentityOf("s", "b"))
	require.NotEqual(t, IdentityOf("sa", "b"), IdentityOf("s", "ab"))
}

func BenchmarkKey(b *testing.B) {
	k, err := NewKeyer([]byte("0123456789abcdef"))
	require.NoError(b, err)
	r := &eventsv1.Response{Survey: "s", Id: "r", Customer: &eventsv1.Customer{Id: "C-1042"}}
	b.ReportAllocs()
	for b.Loop() {
		if subject.BucketOf(k.Key(r)) == "" {
			b.Fatal()
		}
	}
}
