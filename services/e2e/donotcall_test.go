package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWhoAskedNotToBeCalledIsNot lists a number while the callback of its customer, of
// whom an id is known, waits, and another's is listed by an agent; a kill -9 of the
// callback queue in between. Then all answer again, badly.
func TestWhoAskedNotToBeCalledIsNot(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := s.start(t)
			send := func(id, customer, phone string) {
				body := answer(id, customer, "NPS", 1)
				body["customer"] = object{"id": customer, "phone": phone}
				l.submit(body)
			}
			send("r-1", "C-1", "+33639982031")
			send("r-2", "C-2", "+33639982032")
			send("r-3", "C-3", "+33639982033")
			open := l.waitFor(3, "PENDING")
			var third string
			for _, cb := range open {
				if cb.Customer.ID == "C-3" {
					third = cb.ID
				}
			}
			require.Equal(t, http.StatusOK, post(l.collector.url()+"/v1/doNotCall:add", object{"people": []object{{"phone": "06 39 98 20 31"}}}, nil))
			_, code, st := l.act(third, "doNotCall", object{"by": "sam"})
			require.Equal(t, http.StatusOK, code, st)
			require.Equal(t, "C-2", l.waitFor(1, "PENDING")[0].Customer.ID)
			l.waitFor(2, "CANCELED")
			l.queue.kill()
			l.restartQueue()
			send("r-4", "C-1", "+33639982031")
			send("r-5", "C-3", "")
			send("r-6", "C-4", "+33639982033")
			send("r-7", "C-5", "+33639982035")
			l.waitForReason("r-7")
			l.settle()
			var called []string
			for _, cb := range l.callbacks("PENDING") {
				called = append(called, cb.Customer.ID)
			}
			require.ElementsMatch(t, []string{"C-2", "C-5"}, called)
			// The answers themselves are kept: the list can be asked, and taken back.
			var listed struct{ Listed bool }
			require.Equal(t, http.StatusOK, post(l.collector.url()+"/v1/doNotCall:check", object{"person": object{"customerId": "C-3"}}, &listed))
			require.True(t, listed.Listed)
			require.Equal(t, http.StatusOK, post(l.collector.url()+"/v1/doNotCall:remove", object{"people": []object{{"customerId": "C-3"}, {"phone": "+33639982033"}}}, nil))
			require.Eventually(t, func() bool {
				send("r-again-"+time.Now().Format("150405.000000"), "C-3", "")
				return len(l.callbacks("PENDING")) == 3
			}, eventually, 200*time.Millisecond)
		})
	}
}
