package annotate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/pipetest"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// box is the detection in the tests' reports.
var box = pipeline.Detection{Label: "person", Score: 0.81, Box: [4]float32{40, 50, 120, 110}}

// report is a report on one frame; the caller releases the item. fps is 0 for a picture that stands alone.
func report(tb testing.TB, mat gocv.Mat, source string, n int, fps float64) pipeline.Report {
	tb.Helper()
	f, err := vision.NewFrame(mat)
	if err != nil {
		tb.Fatal(err)
	}
	f.SetFPS(fps)
	*f.Meta() = pipeline.Meta{Time: time.Unix(1_700_000_000, 0), Source: source, Seq: uint64(n)}
	return pipeline.Report{Item: f, Events: []pipeline.Event{{
		Source: source, Model: "coco", Task: "detect", Result: pipeline.Result{Detections: []pipeline.Detection{box}},
	}}}
}

// grey returns a picture of a single grey level.
func grey(width, height int) gocv.Mat {
	return gocv.NewMatWithSizeFromScalar(gocv.NewScalar(90, 90, 90, 0), height, width, gocv.MatTypeCV8UC3)
}

func consume(tb testing.TB, s pipeline.Sink, r pipeline.Report) {
	tb.Helper()
	defer r.Item.Release()
	if err := s.Consume(context.Background(), r); err != nil {
		tb.Fatal(err)
	}
}

// consumeFails calls Consume, which must fail for this item only.
func consumeFails(tb testing.TB, s pipeline.Sink, r pipeline.Report) error {
	tb.Helper()
	defer r.Item.Release()
	err := s.Consume(context.Background(), r)
	var one *pipeline.ItemError
	if !errors.As(err, &one) {
		tb.Fatalf("got %v; want a *pipeline.ItemError", err)
	}
	if one.Source != r.Item.Meta().Source {
		tb.Errorf("the error is one of %q, not of %q", one.Source, r.Item.Meta().Source)
	}
	return err
}

func closeSink(tb testing.TB, s pipeline.Sink) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
}

// files lists the files of a folder.
func files(tb testing.TB, dir string) []string {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func wantFiles(tb testing.TB, dir string, want ...string) {
	tb.Helper()
	if got := files(tb, dir); !slices.Equal(got, want) {
		tb.Errorf("the folder has %q; want %q", got, want)
	}
}

func readPicture(tb testing.TB, path string) gocv.Mat {
	tb.Helper()
	m := gocv.IMRead(path, gocv.IMReadColor)
	if m.Empty() {
		tb.Fatalf("%s cannot be read back", path)
	}
	tb.Cleanup(func() { m.Close() })
	return m
}

// colourful measures how far a pixel is from grey: 0 to 255.
func colourful(m gocv.Mat, x, y int) int {
	b, g, r := m.GetUCharAt(y, 3*x), m.GetUCharAt(y, 3*x+1), m.GetUCharAt(y, 3*x+2)
	return int(max(b, g, r)) - int(min(b, g, r))
}

func wantBoxDrawn(tb testing.TB, m gocv.Mat) {
	tb.Helper()
	left, middle := int(box.Box[0]), int(box.Box[1]+box.Box[3])/2
	if c := colourful(m, left, middle); c < 60 {
		tb.Errorf("no line at the box's left edge: the pixel is %d from grey", c)
	}
	if c := colourful(m, left+20, middle); c > 20 {
		tb.Errorf("the inside of the box is painted: the pixel is %d from grey", c)
	}
}

func TestSinksKeepTheContract(t *testing.T) {
	sinks := map[string]func(dir string) (pipeline.Sink, error){
		"pictures": func(dir string) (pipeline.Sink, error) { return NewPictures(PicturesOptions{Dir: dir}) },
		"video": func(dir string) (pipeline.Sink, error) {
			return NewVideo(VideoOptions{Path: filepath.Join(dir, "v.mp4")})
		},
		"folder": func(dir string) (pipeline.Sink, error) { return NewFolder(FolderOptions{Dir: dir}) },
	}
	for name, open := range sinks {
		for _, fps := range []float64{0, 10} {
			kind := map[float64]string{0: "/stills", 10: "/moving"}[fps]
			t.Run(name+kind, func(t *testing.T) {
				var dir string
				fakes := &pipetest.Items{}
				pipetest.TestSink(t, pipetest.SinkCase{
					Open: func() (pipeline.Sink, error) {
						dir = t.TempDir()
						return open(dir)
					},
					Report: func(n int) pipeline.Report {
						r := report(t, grey(160, 120), "walk.png", n, fps)
						fake := pipetest.FakeReport(fakes, n)
						r.Events = fake.Events
						fake.Item.Release()
						return r
					},
					Written: func(reports int) error {
						want := 1
						switch {
						case reports == 0:
							want = 0
						case name == "pictures" && fps > 0:
							want = reports
						}
						if got := files(t, dir); len(got) != want {
							t.Errorf("after %d reports there are the files %q; want %d", reports, got, want)
						}
						return nil
					},
				})
			})
		}
	}
}

func TestRefusesWhatHasNoPicture(t *testing.T) {
	s, err := NewFolder(FolderOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer closeSink(t, s)
	r := pipetest.FakeReport(&pipetest.Items{}, 0)
	defer r.Item.Release()
	err = s.Consume(context.Background(), r)
	var one *pipeline.ItemError
	if err == nil || errors.As(err, &one) {
		t.Errorf("got %v; want an error that ends the pipeline", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	dir := t.TempDir()
	blocked := filepath.Join(dir, "file")
	if err := os.WriteFile(blocked, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	under := filepath.Join(blocked, "out")
	if err := os.Mkdir(filepath.Join(dir, "folder.mp4"), 0o777); err != nil {
		t.Fatal(err)
	}
	tries := map[string]func() (pipeline.Sink, error){
		"no folder":        func() (pipeline.Sink, error) { return NewPictures(PicturesOptions{}) },
		"folder in a file": func() (pipeline.Sink, error) { return NewFolder(FolderOptions{Dir: under}) },
		"video in a file":  func() (pipeline.Sink, error) { return NewVideo(VideoOptions{Path: filepath.Join(under, "v.mp4")}) },
		"not mp4":          func() (pipeline.Sink, error) { return NewVideo(VideoOptions{Path: filepath.Join(dir, "v.avi")}) },
		"a folder's name":  func() (pipeline.Sink, error) { return NewVideo(VideoOptions{Path: filepath.Join(dir, "folder.mp4")}) },
		"rate": func() (pipeline.Sink, error) {
			return NewVideo(VideoOptions{Path: filepath.Join(dir, "v.mp4"), FPS: -3})
		},
		"codec": func() (pipeline.Sink, error) { return NewFolder(FolderOptions{Dir: dir, Codec: "theora"}) },
	}
	for name, try := range tries {
		t.Run(name, func(t *testing.T) {
			if s, err := try(); err == nil {
				s.Close()
				t.Error("accepted")
			}
		})
	}
	wantFiles(t, dir, "file", "folder.mp4")
}

func testPicture(tb testing.TB, name string) gocv.Mat {
	tb.Helper()
	m := gocv.IMRead(testdata.Path(tb, name), gocv.IMReadColor)
	if m.Empty() {
		tb.Fatalf("%s cannot be read", name)
	}
	return m
}
