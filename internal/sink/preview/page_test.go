//go:build unix

package preview

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
	"corallite/pipeline"
)

// street feeds a sink with the pictures of people in a street, with things found that move, until the test ends.
func street(t *testing.T, k *Sink) {
	t.Helper()
	v, err := gocv.VideoCaptureFile(testdata.Path(t, "video/vtest.avi"))
	if err != nil {
		t.Fatal(err)
	}
	feed(t, k, v.Close, func(n int) pipeline.Report {
		m := gocv.NewMat()
		if !v.Read(&m) {
			v.Set(gocv.VideoCapturePosFrames, 0)
			v.Read(&m)
		}
		r := report(t, m, n)
		x := float32(100 + n%200)
		r.Events[0].Detections = []pipeline.Detection{
			{Label: "person", Score: 0.81, Box: [4]float32{x, 200, x + 60, 360}, Track: 3, New: n == 0},
			{Label: "person", Score: 0.64, Box: [4]float32{500, 120, 545, 230}, Track: 5, Classes: []pipeline.Class{{Label: "Ada", Score: 0.9}}},
		}
		return r
	})
}

// yard feeds a sink with a grey picture in which only what is drawn has a colour.
func yard(t *testing.T, k *Sink) {
	t.Helper()
	feed(t, k, func() error { return nil }, func(n int) pipeline.Report {
		r := frame(t, 640, 360, n)
		x := float32(40 + n%400)
		r.Events[0].Detections[0].Box = [4]float32{x, 80, x + 120, 280}
		r.Events[0].Degraded, r.Events[0].Reason, r.Events[0].Device = false, "", "edgetpu:pci:0"
		return r
	})
}

// feed gives a sink about 30 reports a second until the test ends.
func feed(t *testing.T, k *Sink, end func() error, next func(n int) pipeline.Report) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(33 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			r := next(n)
			err := k.Consume(t.Context(), r)
			r.Item.Release()
			if err != nil {
				t.Error(err)
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

// Expressions about the first pipeline's picture.
const (
	shown     = `Number(document.querySelector("canvas").dataset.shown || 0)`
	colours   = `(() => { const c = document.querySelector("canvas"), o = new OffscreenCanvas(c.width, c.height).getContext("2d", { willReadFrequently: true }); o.drawImage(c, 0, 0); const d = o.getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 0; i < d.length; i += 4) if (Math.max(d[i], d[i+1], d[i+2]) - Math.min(d[i], d[i+1], d[i+2]) > 60) n++; return n; })()`
	pixels    = `(() => { const o = new OffscreenCanvas(640, 360).getContext("2d", { willReadFrequently: true }); o.drawImage(document.getElementById("camera"), 0, 0); return o.getImageData(0, 0, 640, 360).data.join(); })()`
	focused   = `document.activeElement.textContent`
	overflows = `document.documentElement.scrollWidth > document.documentElement.clientWidth`
)

// lowContrast lists texts with less contrast than WCAG 2.1 AA wants: 4.5 to 1.
const lowContrast = `(() => {
  const rgb = (v) => (v.match(/[\d.]+/g) || []).map(Number);
  const luminance = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const found = [];
  for (const e of document.body.querySelectorAll("*")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length || e.closest("noscript")) continue;
    let ground = e;
    while (ground && (rgb(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
    const a = luminance(rgb(getComputedStyle(e).color).slice(0, 3)), b = luminance(rgb(getComputedStyle(ground || document.body).backgroundColor).slice(0, 3));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (!(ratio >= 4.5)) found.push(e.textContent.trim() + ": " + ratio.toFixed(2));
  }
  return found;
})()`

func TestPageInABrowser(t *testing.T) {
	b := newBrowser(t)
	hot := 58.0
	s := newServer(t, ServerOptions{Devices: func() []Device { return []Device{{Name: "edgetpu:pci:0", Temperature: &hot}} }})
	first, second := newSink(t, s, "yard", SinkOptions{FPS: 30, Source: func() SourceState { return SourceState{Held: 120, HeldShare: 0.4, Still: true} }}), newSink(t, s, "street", SinkOptions{FPS: 30})
	yard(t, first)
	street(t, second)
	p := b.open(s.URL(), 1280, 800, false)
	run := func(name string, step func(*testing.T)) {
		t.Run(name, func(t *testing.T) {
			outer := b.tb
			b.tb = t // whom the steps fail
			defer func() { b.tb = outer }()
			step(t)
		})
	}

	run("the pictures move", func(t *testing.T) {
		p.until(`document.querySelector("canvas")`)
		p.until(shown + " > 5")
		p.until(`[...document.querySelectorAll("canvas")].every((c) => Number(c.dataset.shown) > 5)`)
		p.until(`Number(document.querySelector(".fps").textContent) > 5`)
		p.until(`document.querySelector(".age-line polyline").getAttribute("points").split(" ").length > 3`)
	})
	run("what is shown", func(t *testing.T) {
		for _, want := range []string{"coco on cpu:xnnpack: no Edge TPU found", "edgetpu:pci:0 58 °C", "coco: 1 person", "person #3 appeared", "camera:0: no motion", "120 without motion, 40 %", "640×360"} {
			p.until(fmt.Sprintf("document.body.textContent.includes(%q)", want))
		}
	})
	run("parts by keyboard", func(t *testing.T) {
		p.until(colours + " > 500")
		for _, part := range []string{"Pause", "Boxes", "Labels"} {
			p.press("Tab")
			var at string
			if p.eval(focused, &at); at != part {
				t.Fatalf("the focus is on %q; want %q", at, part)
			}
			if part != "Pause" {
				p.press(map[string]string{"Boxes": " ", "Labels": "Enter"}[part])
			}
		}
		p.until(colours + " === 0")
		p.press(" ")
		p.until(colours + " > 500")
	})
	run("pause by keyboard", func(t *testing.T) {
		p.eval(`document.getElementById("pause").focus()`, nil)
		p.press(" ")
		p.until(`document.getElementById("connection").textContent.startsWith("Paused") || document.getElementById("pause").getAttribute("aria-pressed") === "true"`)
		for deadline := time.Now().Add(patience); first.viewers.Load()+second.viewers.Load() > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("a paused page still has its stream")
			}
		}
		var before, after int
		p.eval(shown, &before)
		made := first.encoded.Load()
		frames := s.Status().Pipelines[0].Frames
		for s.Status().Pipelines[0].Frames < frames+5 {
			time.Sleep(time.Millisecond)
		}
		if p.eval(shown, &after); after > before+2 || first.encoded.Load() != made { // one may have been decoded, and one have waited for that
			t.Errorf("%d pictures were shown and %d made while paused", after-before, first.encoded.Load()-made)
		}
		p.press(" ")
		p.until(fmt.Sprintf("%s > %d", shown, after+3))
	})
	run("still", func(t *testing.T) {
		var still struct {
			Kind          string
			Width, Height int
		}
		p.eval(`fetch(document.querySelectorAll(".still")[1].href).then((a) => a.blob()).then(async (b) => { const i = await createImageBitmap(b); return { kind: b.type, width: i.width, height: i.height }; })`, &still)
		if still.Kind != "image/jpeg" || still.Width != 768 || still.Height != 576 {
			t.Errorf("the still is %+v", still)
		}
	})
	run("stream in an img", func(t *testing.T) {
		p.eval(`void document.body.append(Object.assign(new Image(), { id: "camera", src: "/stream/yard.mjpg" }))`, nil)
		p.until(`document.getElementById("camera").naturalWidth === 640`)
		p.eval(`void (window.before = `+pixels+`)`, nil)
		p.until(`window.before !== ` + pixels)
		p.eval(`void (document.getElementById("camera").src = "")`, nil)
		for deadline := time.Now().Add(patience); first.viewers.Load() > 1; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the img has gone and its stream stands")
			}
		}
		p.eval(`void document.getElementById("camera").remove()`, nil)
	})
	run("pictures in pieces", func(t *testing.T) { checkParser(t, p) })
	run("names", func(t *testing.T) { checkNames(t, p) })
	run("looks", func(t *testing.T) { checkLooks(t, p, "") })
	run("reduced motion", func(t *testing.T) {
		p.do("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-reduced-motion", "value": "reduce"}}})
		p.until(`[...document.querySelectorAll("*")].every((e) => getComputedStyle(e).transitionDuration === "0s" && getComputedStyle(e).animationName === "none")`)
	})
	if errors := p.complaints(); len(errors) > 0 {
		t.Errorf("the page complained:\n%s", strings.Join(errors, "\n"))
	}
}

// checkParser gives the page's parser a stream in pieces of all sizes.
func checkParser(t *testing.T, p *tab) {
	var got []string
	p.eval(`import("/live.js").then(({ Parser }) => {
	  const bytes = new TextEncoder().encode('{"pipeline":"a","bytes":3}\nx\ny{"pipeline":"b","bytes":0}\n{"pipeline":"c","bytes":5}\n{"}{\n');
	  return [1, 2, 3, 7, 20, 1000].map((size) => {
	    const seen = [];
	    const parser = new Parser((head, data) => seen.push(head.pipeline + "=" + new TextDecoder().decode(data)));
	    parser.held = new Uint8Array(1); // it must grow
	    for (let i = 0; i < bytes.length; i += size) parser.add(bytes.subarray(i, i + size));
	    return seen.join("|");
	  });
	})`, &got)
	for _, g := range got {
		if want := "a=x\ny|b=|c={\"}{\n"; g != want {
			t.Errorf("got %q; want %q", g, want)
		}
	}
	if len(got) != 6 {
		t.Errorf("%d answers", len(got))
	}
}

// checkNames looks at what assistive technology is told.
func checkNames(t *testing.T, p *tab) {
	type value struct{ Value any }
	var tree struct {
		Nodes []struct {
			Ignored    bool
			Role, Name value
		}
	}
	p.call(p.session, "Accessibility.getFullAXTree", object{}, &tree)
	count := map[any]int{}
	for _, n := range tree.Nodes {
		role := n.Role.Value
		if n.Ignored {
			continue
		}
		count[role]++
		switch role {
		case "button", "link", "image", "img", "article", "toolbar", "main", "heading":
			if name, _ := n.Name.Value.(string); strings.TrimSpace(name) == "" {
				t.Errorf("a %s has no name", role)
			}
		}
	}
	if count["button"] < 5 || count["link"] != 2 || count["image"]+count["img"] != 2 || count["status"] != 1 {
		t.Errorf("the roles are %v", count)
	}
}

// checkLooks measures the page in both colour schemes on a desktop and a phone.
func checkLooks(t *testing.T, p *tab, prefix string) {
	for _, size := range []struct {
		name          string
		width, height int
	}{{"desktop", 1280, 800}, {"phone", 390, 844}, {"small", 320, 568}} {
		for _, scheme := range []string{"light", "dark"} {
			p.do("Emulation.setDeviceMetricsOverride", object{"width": size.width, "height": size.height, "deviceScaleFactor": 1, "mobile": size.width < 500})
			p.do("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}})
			// Colours of buttons change within a moment.
			p.until(`document.getAnimations().length === 0`)
			var low []string
			if p.eval(lowContrast, &low); len(low) > 0 {
				t.Errorf("%s, %s: too little contrast: %q", size.name, scheme, low)
			}
			var wide bool
			if p.eval(overflows, &wide); wide {
				t.Errorf("%s: the page is wider than the screen", size.name)
			}
			p.screenshot(prefix + size.name + "-" + scheme)
		}
	}
}

// TestManyPipelinesInABrowser has more pipelines than a browser opens connections to a server.
func TestManyPipelinesInABrowser(t *testing.T) {
	b := newBrowser(t)
	s := newServer(t, ServerOptions{})
	for i := range 9 {
		yard(t, newSink(t, s, fmt.Sprint("camera ", i), SinkOptions{FPS: 10}))
	}
	p := b.open(s.URL(), 1280, 800, false)
	p.until(`document.querySelectorAll("canvas").length === 9 && [...document.querySelectorAll("canvas")].every((c) => Number(c.dataset.shown) > 3)`)
	p.screenshot("many")
}

func TestTokenInABrowser(t *testing.T) {
	b := newBrowser(t)
	s := newServer(t, ServerOptions{Token: token})
	yard(t, newSink(t, s, "yard", SinkOptions{FPS: 30}))
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	p := b.open("http://"+u.Host+"/", 390, 844, true)
	p.until(`document.activeElement.id === "token"`)
	p.screenshot("token")
	p.do("Input.insertText", object{"text": token})
	p.press("Enter")
	p.until(`document.querySelector("canvas") && ` + shown + ` > 2`)
	p.until(`location.search === ""`)
}
