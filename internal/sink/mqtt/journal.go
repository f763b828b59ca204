package mqtt

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"corallite/internal/regfile"
)

// journalEvery is how long an event waits in memory only: a power cut loses what is younger. Each time is a write that
// reaches the disk, which SD cards stand only so often.
const journalEvery = 10 * time.Second

// journalSlack is how many bytes of events that have gone the file may have beside as many as those that wait.
const journalSlack = 1 << 20

// maxJournal is more bytes than the file ever has.
const maxJournal = 4*2*maxQueueBytes + journalSlack

// journal is the file of events that wait: a line of JSON for each, the oldest first. Events are added when they have
// waited for a while, so nothing is written while the broker takes them; when none waits, the file goes. Events that went
// in the meantime stand in it until then, and are sent again after a power cut.
type journal struct {
	path  string
	every time.Duration
	next  time.Time // when it is looked at again
	from  uint64    // the number of the first event that is in the file
	upTo  uint64    // of the first behind it that is not
	size  int64     // of the file
	torn  bool      // its end may be half a line
}

// recallEvents puts the events of the file into the queue. A last line that was not written to its end is left out, and so
// is what is damaged, of which the count is returned.
func (j *journal) recallEvents(q *queue) (damaged int, err error) {
	f, err := regfile.Open(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("state: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("state: %w", err)
	}
	if info.Size() > maxJournal {
		return 0, fmt.Errorf("state: %s has %d bytes, which the events that wait never have; remove it to lose them", j.path, info.Size())
	}
	j.size = info.Size()
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			j.torn = j.torn || len(line) > 0
			break
		}
		if err != nil {
			return damaged, fmt.Errorf("state: %w", err)
		}
		var e event
		if json.Unmarshal(line, &e) != nil || e.Topic == "" {
			damaged, j.torn = damaged+1, true
			continue
		}
		q.put(e)
	}
	j.upTo = q.base + uint64(len(q.all))
	return damaged, nil
}

// due reports whether the file is to be looked at, and what is to be written: nil, if nothing waits long enough. With all,
// it is all that waits. Called with the lock of the queue.
func (j *journal) due(q *queue, now time.Time, all bool) (add []event, anew, ok bool) {
	if !all && now.Before(j.next) {
		return nil, false, false
	}
	j.next = now.Add(j.every)
	if len(q.all) == 0 {
		return nil, true, j.size > 0
	}
	if !all && now.Sub(q.all[0].at) < j.every {
		return nil, false, false
	}
	from := uint64(0)
	if j.upTo > q.base {
		from = j.upTo - q.base
	}
	// Base64 makes three bytes four.
	if anew = j.torn || j.size > int64(q.bytes)*8/3+journalSlack || all && j.from < q.base; anew || j.size == 0 {
		from, j.from = 0, q.base
	}
	add = append(add, q.all[from:]...)
	j.upTo = q.base + uint64(len(q.all))
	return add, anew, len(add) > 0
}

// write adds events to the file, or makes it anew of them; of none, it removes it.
func (j *journal) write(add []event, anew bool) (err error) {
	defer func() {
		j.torn = err != nil
		if err != nil {
			err = fmt.Errorf("state: %w", err)
		}
	}()
	if anew && len(add) == 0 {
		if err := os.Remove(j.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		j.size = 0
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, e := range add {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	if anew {
		j.size = int64(b.Len())
		return keep(j.path, b.Bytes())
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	n, err := f.Write(b.Bytes())
	j.size += int64(n)
	return errors.Join(err, f.Sync(), f.Close())
}
