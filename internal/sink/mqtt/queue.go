package mqtt

import "time"

// maxQueueBytes bounds the events that wait.
const maxQueueBytes = 64 << 20

// event is a message that must not be lost.
type event struct {
	Topic   string `json:"topic"`
	Payload []byte `json:"payload"`
	lost    func(n int)
	at      time.Time // since when it waits
}

func (e *event) size() int { return len(e.Payload) + len(e.Topic) }

// queue are the events that wait, the oldest first. It is used under the Link's lock.
type queue struct {
	most  int
	bytes int
	all   []event
	base  uint64 // how many were taken out so far: the number of all[0]
}

// put adds an event, and returns those that had to go for it.
func (q *queue) put(e event) (gone []event) {
	q.all = append(q.all, e)
	q.bytes += e.size()
	for len(q.all) > 1 && (len(q.all) > q.most || q.bytes > maxQueueBytes) {
		gone = append(gone, q.all[0])
		q.drop()
	}
	return gone
}

// first is the oldest event and its number; false: none waits.
func (q *queue) first() (event, uint64, bool) {
	if len(q.all) == 0 {
		return event{}, 0, false
	}
	return q.all[0], q.base, true
}

// done takes out the event of that number, unless it went already.
func (q *queue) done(number uint64) {
	if number == q.base && len(q.all) > 0 {
		q.drop()
	}
}

func (q *queue) drop() {
	q.bytes -= q.all[0].size()
	q.all[0] = event{}
	q.all = q.all[1:]
	q.base++
	if len(q.all) == 0 {
		q.all = nil // what stood in front is given back
	}
}
