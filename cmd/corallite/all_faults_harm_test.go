package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"corallite/delegate/edgetpu/simtest"
)

// harmDevice does to the Edge TPU what can be done to it, one after the other.
func (f *allFaults) harmDevice() error {
	if err := f.onDevice(0); err != nil {
		return err
	}
	for _, h := range []struct {
		name   string
		faults []simtest.Fault
	}{
		{"abort", []simtest.Fault{{Kind: simtest.Abort}}},
		{"SIGSEGV", []simtest.Fault{{Kind: simtest.Segv}}},
		{"error", []simtest.Fault{{Kind: simtest.Error}}},
		{"hang", []simtest.Fault{{Kind: simtest.Hang}}},
		{"wrong answers when it comes back", []simtest.Fault{{Kind: simtest.Abort}, {Kind: simtest.Wrong, Times: 2}}},
		{"crash when it comes back", []simtest.Fault{{Kind: simtest.Error}, {Kind: simtest.Segv, At: simtest.OnOpen}}},
		{"unplugged", nil},
	} {
		from := f.size("tpu.jsonl")
		var ids []string
		for _, fault := range h.faults {
			ids = append(ids, f.m.control.Fault(fault))
		}
		if h.faults == nil {
			f.m.control.Unplug(usbStick)
		}
		err := f.until(h.name+": an event says that the CPU has taken over", func() bool { return bytes.Contains(f.since("tpu.jsonl", from), []byte(`"degraded":true`)) })
		if err == nil {
			err = f.goOn("the Edge TPU: "+h.name, "tpu", "out")
		}
		if h.faults == nil {
			f.m.control.Plug(usbStick)
		}
		if err != nil {
			return err
		}
		for i, id := range ids {
			want := max(1, h.faults[i].Times)
			if err := f.until(h.name+": "+id, func() bool { return f.m.control.State().Faults[id] >= want }); err != nil {
				return err
			}
		}
		if err := f.onDevice(f.size("tpu.jsonl")); err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
	}
	return nil
}

// onDevice waits for an event behind from that the device has given.
func (f *allFaults) onDevice(from int) error {
	return f.until("an event from the device", func() bool {
		for line := range bytes.Lines(f.since("tpu.jsonl", from)) {
			if bytes.Contains(line, []byte(`"device":"edgetpu:`)) && !bytes.Contains(line, []byte(`"degraded":true`)) {
				return true
			}
		}
		return false
	})
}

// size is how long a file is; 0 when it is not there.
func (f *allFaults) size(name string) int {
	data, _ := os.ReadFile(name)
	return len(data)
}

// since is what a file has behind its first bytes.
func (f *allFaults) since(name string, from int) []byte {
	data, _ := os.ReadFile(name)
	return data[min(from, len(data)):]
}

// harmCameras does to each camera what can be done to it. One is not there at the start.
func (f *allFaults) harmCameras() error {
	if err := f.goOn("a camera that is not there", "tpu", "out", "door", "yard"); err != nil {
		return err
	}
	f.late.Start()
	if err := f.goOn("the camera that was not there has come", "late"); err != nil {
		return err
	}
	for _, h := range []struct {
		name, pipeline string
		begin, end     func()
	}{
		{"frozen", "door", func() { f.door.Frozen.Store(true) }, func() { f.door.Frozen.Store(false) }},
		{"garbage", "door", func() { f.door.Garbage.Store(true) }, func() { f.door.Garbage.Store(false) }},
		{"killed", "door", f.door.Kill, f.door.Start},
		{"killed", "yard", f.yard.Kill, f.yard.Start},
	} {
		others := []string{"tpu", "out", "late", "yard"}
		if h.pipeline == "yard" {
			others[3] = "door"
		}
		losses := f.log.said(saidLost) + 1
		h.begin()
		err := f.log.awaits(saidLost, losses)
		if err == nil {
			err = f.goOn("camera "+h.pipeline+" "+h.name, others...)
		}
		h.end()
		if err == nil {
			err = f.goOn("camera "+h.pipeline+" was "+h.name, h.pipeline)
		}
		if err != nil {
			return err
		}
	}
	f.yard.Show(640, 480)
	if err := f.until("another size", func() bool { return strings.Contains(f.log.String(), "width=640 height=480") }); err != nil {
		return err
	}
	return f.goOn("a camera has changed its size", "tpu", "out", "late", "door", "yard")
}

// harmSinks does to each sink what can be done to it.
func (f *allFaults) harmSinks() error {
	// With what the sink and its queue hold, the pipe is full long before.
	if err := f.until("more lines than the pipe that nobody reads holds", func() bool { return f.size("out.jsonl") > 2*stalledPipe }); err != nil {
		return err
	}
	if err := f.goOn("a pipe that nobody reads", "tpu", "out"); err != nil {
		return err
	}
	var err error
	for _, harm := range []func() error{f.harmDisk, f.harmFolder, f.harmHook, f.harmProgram} {
		err = errors.Join(err, harm())
	}
	return err
}

// failing waits until a sink's failure is in the log, where it was so often before, and the others go on.
func (f *allFaults) failing(what, sink string, before int) error {
	err := f.until(what+": it is said", func() bool { return f.saidOf(sink) > before })
	if err == nil {
		err = f.goOn(what, "tpu", "out")
	}
	return err
}

// saidOf is how often a text stands in the log.
func (f *allFaults) saidOf(text string) int { return strings.Count(f.log.String(), text) }

// harmDisk fills the disk and makes room again.
func (f *allFaults) harmDisk() error {
	if !f.small {
		return nil
	}
	err := f.until("a fragment of video", func() bool { return bytes.Contains(f.since("disk/found.mp4", 0), []byte("moof")) })
	if err != nil {
		return err
	}
	said := f.saidOf("sink video#2")
	fillDisk(f.t, "disk/fill")
	if err := f.failing("a full disk", "sink video#2", said); err != nil {
		return err
	}
	from := f.size("disk/found.jsonl")
	if err := os.Remove("disk/fill"); err != nil {
		return err
	}
	return errors.Join(
		f.until("lines on the disk that has room again", func() bool { return f.size("disk/found.jsonl") > from }),
		f.until("video on the disk that has room again", func() bool { return bytes.Contains(f.since("disk/found-2.mp4", 0), []byte("moof")) }))
}

// harmFolder puts a file where the folder of pictures was.
func (f *allFaults) harmFolder() error {
	pictures := func() int {
		all, _ := filepath.Glob("pictures/*") // the pattern is well formed
		return len(all)
	}
	if err := f.until("a picture", func() bool { return pictures() > 0 }); err != nil {
		return err
	}
	said := f.saidOf("sink pictures")
	if err := errors.Join(os.Rename("pictures", "kept"), os.WriteFile("pictures", nil, 0o644)); err != nil {
		return err
	}
	if err := f.failing("a folder that is a file", "sink pictures", said); err != nil {
		return err
	}
	if err := errors.Join(os.Remove("pictures"), os.Rename("kept", "pictures")); err != nil {
		return err
	}
	had := pictures()
	return f.until("a picture in the folder that is back", func() bool { return pictures() > had })
}

// harmHook ends the server for events and starts it again.
func (f *allFaults) harmHook() error {
	if err := f.until("an event at the server", func() bool { return f.hook.got.Load() > 0 }); err != nil {
		return err
	}
	said := f.saidOf("webhook http://")
	f.hook.kill()
	err := f.failing("a server that is gone", "webhook http://", said)
	f.hook.start()
	got := f.hook.got.Load()
	return errors.Join(err, f.until("an event at the server that is back", func() bool { return f.hook.got.Load() > got }))
}

// harmProgram has the program fail, and hang.
func (f *allFaults) harmProgram() error {
	for mode, mark := range map[string]string{"fail": "exit status 3", "hang": "its time limit"} {
		if err := f.until("the program runs", func() bool { return f.size("ran") > 0 }); err != nil {
			return err
		}
		said := f.saidOf(mark)
		if err := os.WriteFile("mode", []byte(mode), 0o644); err != nil {
			return err
		}
		err := f.failing("a program that does "+mode, mark, said)
		from := f.size("ran")
		err = errors.Join(err, os.WriteFile("mode", []byte("run"), 0o644))
		if err := errors.Join(err, f.until("the program runs again", func() bool { return f.size("ran") > from })); err != nil {
			return err
		}
	}
	return nil
}

// checkSummary looks whether the summary of the run with all the faults has them.
func (f *allFaults) checkSummary() {
	f.t.Helper()
	all := f.last.summary.Pipelines
	for _, name := range []string{"tpu", "out", "door", "yard", "late", "none"} {
		p, there := all[name]
		lines := linesOf(name)
		if !there || !p.Interrupted || uint64(lines) > p.Frames || (lines == 0) != (name == "none") {
			text, _ := json.Marshal(p)
			f.t.Errorf("%s: %d lines, summary %s", name, lines, text)
		}
	}
	if all["door"].Reopened < 3 || all["yard"].Reopened < 1 || all["out"].Reopened != 0 {
		f.t.Errorf("reopened: door %d, yard %d, out %d", all["door"].Reopened, all["yard"].Reopened, all["out"].Reopened)
	}
	if s := f.last.tpu("edgetpu:usb:2-1"); s.Failovers < 7 || s.Restores < 7 {
		f.t.Errorf("the Edge TPU: %+v", s)
	}
	if drops := all["out"].Drops.Sinks; drops["jsonl#3"] == 0 || drops["jsonl"] != 0 {
		f.t.Errorf("drops %v", drops)
	}
}
