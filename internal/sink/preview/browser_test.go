//go:build unix

package preview

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"corallite/internal/testdata"
)

// browser is a headless Chromium, steered over a pipe with the Chrome DevTools Protocol: JSON messages, each ended by a
// zero byte, commands on its file descriptor 3 and answers on 4 (chromedevtools.github.io, --remote-debugging-pipe).
type browser struct {
	tb  testing.TB
	to  *os.File
	cmd *exec.Cmd

	patient time.Duration // how long an answer may take
	said    *os.File      // what Chromium printed

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	events  func(message)
	ended   chan struct{} // closed when the browser has gone
}

type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// newBrowser starts Chromium. Without one the test is skipped; with CI=true that is a failure where apt has one to
// install, because scripts/test-files then does.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" && !offered() {
		t.Skip("there is no Chromium, and apt has no package of it: the page is not tried in a browser")
	}
	if path == "" {
		testdata.Missing(t, "there is no Chromium (Debian's package chromium; scripts/test-files installs it): the page is not tried in a browser")
	}
	theirIn, to, err1 := os.Pipe()
	from, theirOut, err2 := os.Pipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	said, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{tb: t, to: to, said: said, patient: startPatience, waiting: map[int]chan message{}, ended: make(chan struct{})}
	b.cmd = exec.Command(path, "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--mute-audio",
		"--no-sandbox", // it runs as root in containers, and shows only pages of this test
		"--disable-dev-shm-usage", "--user-data-dir="+t.TempDir(), "about:blank")
	b.cmd.Stderr = said
	b.cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that its children can be ended with it
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	go b.read(from)
	t.Cleanup(b.close)
	b.started()
	return b
}

// startPatience is how long Chromium may take to show its first page. On a busy machine that is far longer than anything
// that it does afterwards.
const startPatience = 3 * time.Minute

// started waits until Chromium shows its first page. What it is told before, it may never answer.
func (b *browser) started() {
	b.tb.Helper()
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		var targets struct{ TargetInfos []struct{ Type string } }
		b.call("", "Target.getTargets", object{}, &targets)
		for _, target := range targets.TargetInfos {
			if target.Type == "page" {
				b.patient = patience
				return
			}
		}
		if time.Since(begin) > startPatience {
			b.fail("Chromium shows no page")
		}
	}
}

// fail ends the test with what Chromium printed.
func (b *browser) fail(format string, args ...any) {
	b.tb.Helper()
	said, _ := os.ReadFile(b.said.Name()) // the message tells more
	b.tb.Fatalf("%s\n%s", fmt.Sprintf(format, args...), said)
}

// offered says whether apt has a Chromium to install, as scripts/test-files asks it.
func offered() bool {
	ask := exec.Command("apt-cache", "policy", "chromium")
	ask.Env = append(os.Environ(), "LC_ALL=C")
	answer, err := ask.Output()
	return err == nil && candidate.Match(answer)
}

var candidate = regexp.MustCompile(`(?m)^ *Candidate: [^(]`)

func (b *browser) read(from *os.File) {
	defer close(b.ended)
	defer from.Close()
	for in := bufio.NewReader(from); ; {
		data, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(data[:len(data)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		c, asked := b.waiting[m.ID]
		events := b.events
		b.mu.Unlock()
		if asked && m.ID != 0 {
			c <- m
		} else if events != nil {
			events(m)
		}
	}
}

// close ends the browser and all of its processes.
func (b *browser) close() {
	b.to.Close() // Chromium ends itself when the pipe is closed
	select {
	case <-b.ended:
	case <-time.After(patience):
		b.tb.Error("Chromium does not end")
	}
	// What is left of its processes, if any is.
	_ = syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
	_ = b.cmd.Wait() // killed or not
	b.said.Close()
}

// call sends a command and puts its result into result, unless that is nil.
func (b *browser) call(session, method string, params, result any) {
	b.tb.Helper()
	data, err := json.Marshal(params)
	if err != nil {
		b.tb.Fatal(err)
	}
	c := make(chan message, 1)
	b.mu.Lock()
	b.last++
	m := message{ID: b.last, Session: session, Method: method, Params: data}
	b.waiting[m.ID] = c
	b.mu.Unlock()
	line, err := json.Marshal(m)
	if err == nil {
		_, err = b.to.Write(append(line, 0))
	}
	if err != nil {
		b.tb.Fatalf("%s: %v", method, err)
	}
	select {
	case m = <-c:
	case <-b.ended:
		b.fail("%s: Chromium has ended", method)
	case <-time.After(b.patient):
		b.fail("%s: no answer in %v", method, b.patient)
	}
	if m.Error != nil {
		b.tb.Fatalf("%s: %s", method, m.Error.Message)
	}
	if result != nil {
		if err := json.Unmarshal(m.Result, result); err != nil {
			b.tb.Fatalf("%s: %v", method, err)
		}
	}
}

// tab is a page in the browser.
type tab struct {
	*browser
	session string
	mu      sync.Mutex
	errors  []string // what the page complained of
}

type object = map[string]any

// open opens a page of that size in CSS pixels.
func (b *browser) open(address string, width, height int, phone bool) *tab {
	b.tb.Helper()
	var target struct{ TargetID string }
	b.call("", "Target.createTarget", object{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("", "Target.attachToTarget", object{"targetId": target.TargetID, "flatten": true}, &attached)
	p := &tab{browser: b, session: attached.SessionID}
	b.mu.Lock()
	b.events = p.notice
	b.mu.Unlock()
	for _, domain := range []string{"Runtime", "Log", "Page"} {
		p.do(domain+".enable", object{})
	}
	p.do("Emulation.setDeviceMetricsOverride", object{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone})
	p.do("Page.navigate", object{"url": address})
	p.until(`document.readyState === "complete"`)
	return p
}

func (p *tab) do(method string, params object) { p.tb.Helper(); p.call(p.session, method, params, nil) }

// notice keeps errors: exceptions, console.error, and what Chromium logs (blocked by the policy, not found).
func (p *tab) notice(m message) {
	var text string
	switch m.Method {
	case "Runtime.exceptionThrown":
		text = string(m.Params)
	case "Runtime.consoleAPICalled", "Log.entryAdded":
		var v struct {
			Type  string
			Entry struct{ Level, Text, URL string }
		}
		if json.Unmarshal(m.Params, &v) == nil && (v.Type == "error" || v.Entry.Level == "error" || v.Entry.Level == "warning") {
			text = string(m.Params)
		}
	}
	if text != "" {
		p.mu.Lock()
		p.errors = append(p.errors, text)
		p.mu.Unlock()
	}
}

// complaints are the errors so far.
func (p *tab) complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.errors...)
}

// eval runs an expression in the page and puts its value into result.
func (p *tab) eval(expression string, result any) {
	p.tb.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Exception struct{ Description string } }
	}
	p.call(p.session, "Runtime.evaluate", object{"expression": expression, "awaitPromise": true, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		p.tb.Fatalf("%s: %s", expression, answer.ExceptionDetails.Exception.Description)
	}
	if result != nil {
		if err := json.Unmarshal(answer.Result.Value, result); err != nil {
			p.tb.Fatalf("%s: %s: %v", expression, answer.Result.Value, err)
		}
	}
}

// until waits until a condition holds in the page.
func (p *tab) until(condition string) {
	p.tb.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		var holds bool
		p.eval(fmt.Sprintf("!!(%s)", condition), &holds)
		if holds {
			return
		}
		if time.Now().After(deadline) {
			p.tb.Fatalf("never: %s", condition)
		}
	}
}

// press presses a key: "Tab", "Enter", " ".
func (p *tab) press(key string) {
	p.tb.Helper()
	code := map[string]int{"Tab": 9, "Enter": 13, " ": 32}[key]
	down := object{"type": "keyDown", "key": key, "windowsVirtualKeyCode": code}
	if text := map[string]string{"Enter": "\r", " ": " "}[key]; text != "" {
		down["text"] = text
	}
	p.do("Input.dispatchKeyEvent", down)
	p.do("Input.dispatchKeyEvent", object{"type": "keyUp", "key": key, "windowsVirtualKeyCode": code})
}

// screenshot writes a picture of the whole page into the folder CORALLITE_SCREENSHOTS, where that is set, for people to
// look at.
func (p *tab) screenshot(name string) {
	p.tb.Helper()
	var snapshot struct{ Data string }
	p.call(p.session, "Page.captureScreenshot", object{"format": "png", "captureBeyondViewport": true}, &snapshot)
	data, err := base64.StdEncoding.DecodeString(snapshot.Data)
	if err != nil || len(data) < 1000 {
		p.tb.Fatalf("the screenshot has %d bytes (%v)", len(data), err)
	}
	if dir := os.Getenv("CORALLITE_SCREENSHOTS"); dir != "" {
		path := filepath.Join(dir, name+".png")
		if err := os.WriteFile(path, data, 0o666); err != nil {
			p.tb.Fatal(err)
		}
		p.tb.Logf("screenshot: %s", path)
	}
}
