package mqtt

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestPowerCut copies the files of a program whose broker is gone, as a power cut leaves them, and starts another with them.
func TestPowerCut(t *testing.T) {
	r := newRig(t)
	s, err := r.tryOpen()
	if err != nil {
		t.Fatal(err)
	}
	r.link.journal.every = 10 * time.Millisecond
	r.link.Start()
	topic := "corallite/front_door/events"
	var want []string
	for n := range 30 {
		want = append(want, fmt.Sprint(n))
		r.link.send(topic, []byte(want[n]), nil)
		if n%10 == 0 {
			time.Sleep(30 * time.Millisecond)
		}
	}
	file := strings.TrimSuffix(r.config.State, ".json") + ".events"
	lines := func() int { data, _ := os.ReadFile(file); return strings.Count(string(data), "\n") }
	if !waitFor(func() bool { return lines() == 30 }) {
		t.Fatalf("%d lines", lines())
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("%v", info.Mode())
	}
	r.broker.start()
	r.broker.is(topic, "29")
	if !waitFor(func() bool { _, err := os.Stat(file); return err != nil }) {
		t.Error("the file stays when nothing waits")
	}
	r.close(s)
	r.broker.stop()

	// The last line was being written.
	if err := os.WriteFile(file, data[:len(data)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	s = r.open()
	r.link.send(topic, []byte("new"), nil)
	r.broker.start()
	r.broker.is(topic, "new")
	if got := unrepeated(r.broker.of(topic)); !reflect.DeepEqual(got, append(want[:29:29], "new")) {
		t.Errorf("%q", got)
	}
	r.close(s)
	if lines() != 0 {
		t.Error("events that were sent wait again")
	}
}

// TestJournal follows what is written when, by numbers instead of time.
func TestJournal(t *testing.T) {
	q := queue{most: 100}
	j := journal{path: filepath.Join(t.TempDir(), "new", "x.events"), every: 10 * time.Second}
	now := time.Now()
	put := func(n int) {
		for range n {
			q.put(event{Topic: "t", Payload: []byte("x"), at: now})
		}
	}
	sync := func(all bool, want int, wantAnew bool) {
		t.Helper()
		add, anew, ok := j.due(&q, now, all)
		if len(add) != want || anew != wantAnew && ok {
			t.Fatalf("%d events, anew %v, %v; want %d, %v", len(add), anew, ok, want, wantAnew)
		}
		if ok {
			if err := j.write(add, anew); err != nil {
				t.Fatal(err)
			}
		}
	}
	read := func() (n, damaged int) {
		t.Helper()
		in := queue{most: 1000}
		damaged, err := (&journal{path: j.path}).recallEvents(&in)
		if err != nil {
			t.Fatal(err)
		}
		return len(in.all), damaged
	}
	put(3)
	sync(false, 0, false) // they are fresh
	now = now.Add(9 * time.Second)
	put(1)
	sync(false, 0, false)
	now = now.Add(2 * time.Second)
	sync(false, 4, false)
	put(2)
	sync(false, 0, false) // not so soon again
	now = now.Add(11 * time.Second)
	sync(false, 2, false)
	now = now.Add(11 * time.Second)
	sync(false, 0, false) // nothing is new: nothing is written
	for range 5 {
		_, n, _ := q.first()
		q.done(n)
	}
	now = now.Add(11 * time.Second)
	sync(false, 0, false)
	if n, _ := read(); n != 6 {
		t.Errorf("%d events in the file", n)
	}
	sync(true, 1, true) // at the end only what still waits
	if n, _ := read(); n != 1 {
		t.Errorf("%d events in the file", n)
	}
	_, n, _ := q.first()
	q.done(n)
	now = now.Add(11 * time.Second)
	sync(false, 0, true)
	if _, err := os.Stat(j.path); err == nil {
		t.Error("the file stays")
	}

	// Half a line, of a disk that was full, and one that was damaged: the rest is read, and the file made anew.
	put(2)
	now = now.Add(11 * time.Second)
	sync(false, 2, false)
	f, err := os.OpenFile(j.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("{}\n{\"topic\": \"a\", \"pay")
	f.Close()
	again, in := journal{path: j.path, every: time.Second}, queue{most: 1000}
	if damaged, err := again.recallEvents(&in); damaged != 1 || err != nil || len(in.all) != 2 {
		t.Errorf("%d damaged, %d events, %v", damaged, len(in.all), err)
	}
	if add, anew, ok := again.due(&in, now, false); len(add) != 2 || !anew || !ok {
		t.Errorf("%d, %v, %v", len(add), anew, ok)
	} else if err := again.write(add, anew); err != nil {
		t.Error(err)
	}
	if n, damaged := read(); n != 2 || damaged != 0 {
		t.Errorf("%d events, %d damaged", n, damaged)
	}
}

// TestJournalIsBounded has events go and come for long while the file only grows: it is made anew now and then.
func TestJournalIsBounded(t *testing.T) {
	q := queue{most: 20}
	j := journal{path: filepath.Join(t.TempDir(), "x.events"), every: time.Second}
	now, largest, anews := time.Now(), int64(0), 0
	for range 300 {
		for range 5 {
			q.put(event{Topic: "t", Payload: make([]byte, 4000), at: now})
		}
		now = now.Add(2 * time.Second)
		if add, anew, ok := j.due(&q, now, false); ok {
			if err := j.write(add, anew); err != nil {
				t.Fatal(err)
			}
			if anew {
				anews++
			}
		}
		largest = max(largest, j.size)
	}
	info, err := os.Stat(j.path)
	if err != nil || info.Size() != j.size || largest > int64(q.bytes)*8/3+journalSlack+50_000 || anews < 2 {
		t.Errorf("largest %d bytes, now %d, %v, %d times anew, %v", largest, j.size, info.Size(), anews, err)
	}
}

// TestJournalFails: what cannot be written is tried again as a whole; what is no file is refused.
func TestJournalFails(t *testing.T) {
	dir := t.TempDir()
	j := journal{path: filepath.Join(dir, "x.events"), every: time.Second}
	if err := os.Mkdir(j.path, 0o700); err != nil {
		t.Fatal(err)
	}
	q := queue{most: 10}
	if _, err := j.recallEvents(&q); err == nil {
		t.Error("a folder is read")
	}
	now := time.Now()
	q.put(event{Topic: "t", at: now.Add(-time.Minute)})
	add, anew, ok := j.due(&q, now, false)
	if err := j.write(add, anew); !ok || err == nil {
		t.Errorf("%v, %v", ok, err)
	}
	if err := os.Remove(j.path); err != nil {
		t.Fatal(err)
	}
	add, anew, ok = j.due(&q, now.Add(time.Minute), false)
	if err := j.write(add, anew); err != nil || !ok || !anew || len(add) != 1 {
		t.Errorf("%d, %v, %v, %v", len(add), anew, ok, err)
	}
	if err := os.Truncate(j.path, maxJournal+1); err != nil {
		t.Fatal(err)
	}
	if _, err := j.recallEvents(&queue{most: 1}); err == nil {
		t.Error("a file of any size is read")
	}
}
