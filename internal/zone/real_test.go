package zone_test

import (
	"bufio"
	"context"
	"math"
	"os"
	"strings"
	"testing"

	"corallite/internal/testdata"
	"corallite/internal/track"
	"corallite/internal/vtest"
	"corallite/internal/zone"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// counted is the count by eye of testdata/vtest_crossings.tsv, by line and direction.
func counted(t *testing.T) map[string]map[string]int {
	t.Helper()
	f, err := os.Open("testdata/vtest_crossings.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string]map[string]int{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		w := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(w[0], "#") || w[0] == "line" {
			continue
		}
		if all[w[0]] == nil {
			all[w[0]] = map[string]int{}
		}
		all[w[0]][w[2]]++
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// mostWrong is the share by which the count may differ. Seen with the tracker as it is: 48 of 49.
const mostWrong = 0.1

type nowhere struct{}

func (nowhere) Consume(context.Context, pipeline.Report) error { return nil }
func (nowhere) Lossless() bool                                 { return true }
func (nowhere) Close() error                                   { return nil }

// TestCrossingsOfVtest counts people who cross two lines of vtest.avi, and compares with a count by eye.
func TestCrossingsOfVtest(t *testing.T) {
	video, err := camera.OpenVideo(testdata.Path(t, "video/vtest.avi"), camera.VideoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer video.Close()
	tracker, err := track.New(track.Options{Show: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	var lines []zone.Line
	for name, text := range map[string]string{"road": "520,120,520,430", "path": "220,130,220,320"} {
		l := zone.DefaultLine()
		l.Name, l.AToB, l.BToA = name, "left", "right"
		if l.Shape, err = zone.ParseShape(text, 2); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	where, err := zone.NewFollower(zone.Options{Lines: lines}, func(m string) { t.Error(m) })
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]int{"road": {}, "path": {}}
	s := pipeline.Stream[*vision.Frame]{Name: "vtest", Source: video, Sinks: []pipeline.NamedSink{{Sink: nowhere{}}},
		Models: []*pipeline.Model[*vision.Frame]{vtest.People(t, func(f *vision.Frame, r *pipeline.Result) {
			if picture, ok := f.Luma(); ok {
				tracker.Look(picture)
			}
			tracker.Follow(*f.Meta(), r)
			where.Update(f.Meta().Time, f.Width(), f.Height(), r.Detections, r.Ended)
			for _, d := range r.Detections {
				for _, c := range d.Crossed {
					got[c.Line][c.Direction]++
					t.Logf("%s frame %d to the %s: track %d", c.Line, f.Meta().Seq, c.Direction, d.Track)
				}
			}
		})}}
	if _, err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := counted(t)
	all, wantAll := 0, 0
	for line, by := range want {
		for direction, n := range by {
			all += got[line][direction]
			wantAll += n
			t.Logf("%s to the %s: %d, by eye %d", line, direction, got[line][direction], n)
		}
	}
	if wantAll != 49 || math.Abs(float64(all-wantAll)) > mostWrong*float64(wantAll) {
		t.Errorf("%d crossings, by eye %d", all, wantAll)
	}
}
