package camera

import (
	"context"
	"errors"
	"image"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
	"corallite/pipeline/vision"
)

// sensor is the noise of a camera's sensor: normal, with a deviation in grey levels, the same in each run.
type sensor struct {
	random *rand.Rand
	noise  []float32
}

func newSensor(deviation float64) *sensor {
	s := &sensor{random: rand.New(rand.NewPCG(1, 2)), noise: make([]float32, 1<<20)}
	for i := range s.noise {
		s.noise[i] = float32(s.random.NormFloat64() * deviation)
	}
	return s
}

// expose writes a picture as a sensor would give it in light that is brighter by some grey levels.
func (s *sensor) expose(dst, picture []byte, brighter float32) {
	at := s.random.IntN(len(s.noise))
	for i, v := range picture {
		dst[i] = byte(min(max(float32(v)+brighter+s.noise[(at+i)&(len(s.noise)-1)], 0), 255))
	}
}

// tape is a recording of ten frames a second that draw paints.
type tape struct {
	count, next   int
	width, height int
	draw          func(i int, pixels []byte)
}

const tapeStep = 100 * time.Millisecond

func (s *tape) Next(context.Context) (*vision.Frame, error) {
	if s.next == s.count {
		return nil, io.EOF
	}
	pixels := make([]byte, 3*s.width*s.height)
	s.draw(s.next, pixels)
	mat, err := gocv.NewMatFromBytes(s.height, s.width, gocv.MatTypeCV8UC3, pixels)
	if err != nil {
		return nil, err
	}
	f, err := vision.NewFrame(mat)
	if err != nil {
		return nil, err
	}
	f.SetFPS(10)
	f.Meta().Seq, f.Meta().Position = uint64(s.next), time.Duration(s.next)*tapeStep
	s.next++
	return f, nil
}

func (s *tape) Live() bool   { return false }
func (s *tape) Close() error { return nil }

// square paints a grey square, in pictures 160 wide.
func square(pixels []byte, x, y, side int, grey byte) {
	for row := y; row < y+side; row++ {
		line := pixels[3*(row*160+x):][:3*side]
		for i := range line {
			line[i] = grey
		}
	}
}

// gone runs a tape through a Select and says which frames went on.
func gone(t *testing.T, source *tape, o SelectOptions) ([]bool, *Select) {
	t.Helper()
	s, err := NewSelect(source, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	on := make([]bool, source.count)
	for {
		f, err := s.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return on, s
		}
		if err != nil {
			t.Fatal(err)
		}
		on[f.Meta().Seq] = true
		f.Release()
	}
}

// count is how many frames from a to b, without b, went on.
func count(on []bool, a, b int) int {
	n := 0
	for _, went := range on[a:b] {
		if went {
			n++
		}
	}
	return n
}

// TestMotionScenes has pictures in which nothing but one thing happens.
func TestMotionScenes(t *testing.T) {
	const warm = 11 // frames in a second, and the first
	scene := func(deviation float64, happens func(i int, pixels []byte) (brighter float32)) *tape {
		s := newSensor(deviation)
		return &tape{count: 200, width: 160, height: 120, draw: func(i int, pixels []byte) {
			picture := make([]byte, len(pixels))
			for k := range picture {
				picture[k] = byte(40 + k*7%120) // a texture
			}
			s.expose(pixels, picture, happens(i, picture))
		}}
	}
	nothing := func(int, []byte) float32 { return 0 }
	for name, c := range map[string]struct {
		scene       *tape
		from, until int // frames that must go on, besides those of the warm-up; without until
		ends        int // the frame from which none may go on
	}{
		"nothing":            {scene(0, nothing), 0, 0, warm},
		"a camera's noise":   {scene(4, nothing), 0, 0, warm},
		"a dark night's":     {scene(10, nothing), 0, 0, 3 * warm},
		"light that changes": {scene(4, func(i int, _ []byte) float32 { return float32(i) / 20 }), 0, 0, warm}, // half a level a second
		// What stays becomes the background after two seconds, and the gate is held for two more.
		"a lamp": {scene(4, func(i int, _ []byte) float32 {
			if i < 100 {
				return 0
			}
			return 40
		}), 100, 120, 150},
		"a lamp that goes out": {scene(4, func(i int, _ []byte) float32 {
			if i < 100 {
				return 40
			}
			return 0
		}), 100, 120, 150},
		"something small that passes": {scene(4, func(i int, picture []byte) float32 {
			if i >= 100 && i < 130 {
				square(picture, 5+3*(i-100), 50, 9, 220) // 0.4 % of the picture
			}
			return 0
		}), 100, 150, 155},
		"something too small": {scene(4, func(i int, picture []byte) float32 {
			if i >= 100 && i < 130 {
				square(picture, 5+3*(i-100), 50, 4, 220) // 0.08 %
			}
			return 0
		}), 0, 0, warm},
	} {
		t.Run(name, func(t *testing.T) {
			o := DefaultMotion()
			on, s := gone(t, c.scene, SelectOptions{Motion: &o})
			sum := s.Stats().Motion
			before := 0
			if c.from > 0 {
				before = count(on, warm, c.from)
			}
			if n := count(on, 0, warm); n != warm || before != 0 || count(on, c.from, c.until) != c.until-c.from || count(on, c.ends, len(on)) != 0 {
				t.Errorf("%d of the warm-up, %d before, %d from %d to %d, %d from %d on", n, before, count(on, c.from, c.until), c.from, c.until,
					count(on, c.ends, len(on)), c.ends)
			}
			passed := count(on, 0, len(on))
			if sum == nil || sum.Looked != 200 || sum.HeldBack != uint64(200-passed) || math.Abs(sum.Share-float64(200-passed)/200) > 1e-9 ||
				sum.Open || sum.Seconds <= 0 || s.Stats().Skipped != 0 {
				t.Errorf("%+v", sum)
			}
			if want := uint64(1); c.from == 0 && sum.Opened != want || c.from > 0 && sum.Opened != want+1 {
				t.Errorf("it opened %d times", sum.Opened)
			}
		})
	}
}

// TestMotionOnVideo has people who walk, and parts in which they stand as a still picture, with a sensor's noise.
func TestMotionOnVideo(t *testing.T) {
	video, err := OpenVideo(testdata.Path(t, "video/vtest.avi"), VideoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer video.Close()
	noise := newSensor(4)
	picture, small := make([]byte, 3*384*288), gocv.NewMat()
	defer small.Close()
	parts := []struct {
		until int
		moves bool
	}{{60, false}, {120, true}, {200, false}, {260, true}, {340, false}}
	moving := func(i int) bool {
		for _, p := range parts {
			if i < p.until {
				return p.moves
			}
		}
		return false
	}
	clip := &tape{count: 340, width: 384, height: 288, draw: func(i int, pixels []byte) {
		if moving(i) || i == 0 {
			f, err := video.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer f.Release()
			gocv.Resize(f.Mat(), &small, image.Pt(384, 288), 0, 0, gocv.InterpolationArea)
			copy(picture, small.ToBytes())
		}
		noise.expose(pixels, picture, 0)
	}}
	o := DefaultMotion()
	on, s := gone(t, clip, SelectOptions{Motion: &o})
	sum := s.Stats().Motion
	t.Logf("%d of %d frames held back, looking took %.1f ms a frame", sum.HeldBack, sum.Looked, 1000*sum.Seconds/float64(sum.Looked))
	for i := range on {
		if moving(i) && !on[i] {
			t.Errorf("frame %d, in which people walk, was held back", i)
		}
	}
	// The first second warms up; after the others the people become the background, and the gate is held.
	for _, still := range [][2]int{{11, 60}, {120 + 45, 200}, {260 + 45, 340}} {
		if n := count(on, still[0], still[1]); n > 0 {
			t.Errorf("%d of the still frames %d to %d went on", n, still[0], still[1])
		}
	}
	if sum.Looked != 340 || sum.HeldBack < 49+35+35 || sum.Opened != 3 {
		t.Errorf("%+v", sum)
	}
}

// TestMotionComesLast has a square that moves in the left half only, and frames that are left out.
func TestMotionComesLast(t *testing.T) {
	scene := func() *tape {
		return &tape{count: 60, width: 160, height: 120, draw: func(i int, pixels []byte) { square(pixels, i, 50, 20, 200) }}
	}
	o := DefaultMotion()
	on, s := gone(t, scene(), SelectOptions{Every: 2, Region: [4]float64{0, 0, 0.5, 1}, Motion: &o})
	if sum := s.Stats().Motion; sum.Looked != 30 || s.Stats().Skipped != 30 || count(on, 0, 60) != 30 {
		t.Errorf("left: %+v, %d skipped, %d went on", sum, s.Stats().Skipped, count(on, 0, 60))
	}
	on, s = gone(t, scene(), SelectOptions{Every: 2, Region: [4]float64{0.5, 0, 1, 1}, Motion: &o})
	if sum := s.Stats().Motion; sum.Looked != 30 || s.Stats().Skipped != 30 || count(on, 0, 60) != 6 {
		t.Errorf("right: %+v, %d skipped, %d went on; want those of the first second", sum, s.Stats().Skipped, count(on, 0, 60))
	}
}

// sequence gives the frames of several tapes, each a recording of its own.
type sequence struct{ tapes []*tape }

func (s *sequence) Next(ctx context.Context) (*vision.Frame, error) {
	for {
		if len(s.tapes) == 0 {
			return nil, io.EOF
		}
		f, err := s.tapes[0].Next(ctx)
		if !errors.Is(err, io.EOF) {
			return f, err
		}
		s.tapes = s.tapes[1:]
	}
}

func (s *sequence) Live() bool   { return false }
func (s *sequence) Close() error { return nil }

// TestMotionBeginsAnew has another recording, and pictures of another size: each is warmed up. What is held back can be
// seen.
func TestMotionBeginsAnew(t *testing.T) {
	blank := func(width, height int) *tape {
		return &tape{count: 30, width: width, height: height, draw: func(int, []byte) {}}
	}
	o := DefaultMotion()
	s, err := NewSelect(&sequence{tapes: []*tape{blank(320, 240), blank(320, 240), blank(64, 300)}}, SelectOptions{Motion: &o})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	held := 0
	s.OnHeld(func(f *vision.Frame) {
		if held++; f.Width() == 0 || f.Meta().Seq < 11 {
			t.Errorf("frame %d, %d wide, was held back", f.Meta().Seq, f.Width())
		}
	})
	passed := 0
	for {
		f, err := s.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		passed++
		f.Release()
	}
	if sum := s.Stats().Motion; passed != 33 || held != 57 || sum.HeldBack != 57 {
		t.Errorf("%d went on, %d were held back, %+v; want 33 and 57", passed, held, sum)
	}
}

// TestMotionOfPicturesAlone goes by the times of pictures that have no place in a recording.
func TestMotionOfPicturesAlone(t *testing.T) {
	o := DefaultMotion()
	g, err := newMotionDetector(o)
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	s := &Select{source: &clockwork{}}
	began := time.Now()
	for i, want := range []bool{true, true, false} {
		f, err := (&tape{count: 1, width: 32, height: 32, draw: func(int, []byte) {}}).Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f.SetFPS(0)
		f.Meta().Time = began.Add(time.Duration(i) * time.Second)
		if got := g.passes(f, s.moment(f)); got != want {
			t.Errorf("picture %d: %v", i, got)
		}
		f.Release()
	}
}

// TestMotionClosedWhileItLooks closes a gate that others still use.
func TestMotionClosedWhileItLooks(t *testing.T) {
	g, err := newMotionDetector(DefaultMotion())
	if err != nil {
		t.Fatal(err)
	}
	f, err := (&tape{count: 1, width: 320, height: 240, draw: func(int, []byte) {}}).Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	looked, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := range 200 {
			g.passes(f, time.Duration(i)*time.Second)
			if i == 10 {
				close(looked)
			}
		}
	}()
	<-looked
	if err := errors.Join(g.close(), g.close()); err != nil {
		t.Error(err)
	}
	<-ended
	if !g.passes(f, time.Hour) {
		t.Error("a closed gate holds frames back")
	}
}

func TestMotionOptions(t *testing.T) {
	nan := math.NaN()
	for _, change := range []func(*MotionOptions){
		func(o *MotionOptions) { o.Area = 0 }, func(o *MotionOptions) { o.Area = 1.1 }, func(o *MotionOptions) { o.Area = nan },
		func(o *MotionOptions) { o.Threshold = 0 }, func(o *MotionOptions) { o.Threshold = nan },
		func(o *MotionOptions) { o.Threshold = math.Inf(1) }, func(o *MotionOptions) { o.Hold = -1 },
		func(o *MotionOptions) { o.Width = 15 }, func(o *MotionOptions) { o.WarmUp = -1 },
	} {
		o := DefaultMotion()
		change(&o)
		if _, err := NewSelect(&clockwork{}, SelectOptions{Motion: &o}); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	if s, err := NewSelect(&clockwork{}, SelectOptions{}); err != nil {
		t.Error(err)
	} else if s.Stats().Motion != nil {
		t.Error("a source without a gate says what its gate did")
	}
}
