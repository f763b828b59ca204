package track

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const frame = time.Second / frameRate

func closeTo(a, b, rel float64) bool {
	return math.Abs(a-b) <= rel*max(math.Abs(a), math.Abs(b), 1e-30)
}

func sameAxis(a, b axis, rel float64) bool {
	return closeTo(a.x, b.x, rel) && closeTo(a.v, b.v, rel) && closeTo(a.xx, b.xx, rel) &&
		closeTo(a.xv, b.xv, rel) && closeTo(a.vv, b.vv, rel)
}

// TestPredictDoesNotDependOnSteps: a second is a second, in one step or in many of any length.
func TestPredictDoesNotDependOnSteps(t *testing.T) {
	begin := axis{x: 3, v: -0.5, xx: 2, xv: 0.3, vv: 0.4}
	whole := begin
	whole.predict(30, 0.01, 0.002)
	for _, steps := range [][]float64{{10, 20}, {29.5, 0.25, 0.25}, {0, 30}} {
		parts := begin
		for _, n := range steps {
			parts.predict(n, 0.01, 0.002)
		}
		if !sameAxis(whole, parts, 1e-12) {
			t.Errorf("%v: %+v, in one step %+v", steps, parts, whole)
		}
	}
	still := begin
	if still.predict(0, 1, 1); still != begin {
		t.Errorf("no time has passed: %+v became %+v", begin, still)
	}
}

// TestPredictByHand is F P Fᵀ + Q, multiplied out by hand.
func TestPredictByHand(t *testing.T) {
	a := axis{x: 3, v: -0.5, xx: 2, xv: 0.3, vv: 0.4}
	a.predict(2, 0.5, 0.75)
	// F = [1 2; 0 1]: xx 2 + 2·2·0.3 + 4·0.4, xv 0.3 + 2·0.4. Q: 2·0.5 + 8/3·0.75, 4/2·0.75, 2·0.75.
	if want := (axis{x: 2, v: -0.5, xx: 4.8 + 3, xv: 1.1 + 1.5, vv: 0.4 + 1.5}); !sameAxis(a, want, 1e-12) {
		t.Errorf("%+v, want %+v", a, want)
	}
}

// TestCorrectByHand uses P = [2 1; 1 3] and r = 2, so s = 4 and K = [1/2; 1/4].
func TestCorrectByHand(t *testing.T) {
	a := axis{x: 10, v: 1, xx: 2, xv: 1, vv: 3}
	a.correct(14, 2)
	if want := (axis{x: 12, v: 2, xx: 1, xv: 0.5, vv: 2.75}); !sameAxis(a, want, 1e-12) {
		t.Errorf("%+v, want %+v", a, want)
	}
}

// TestCorrectIsLeastSquares: with no noise on the way and a start that knows nothing, the filter is the straight line
// of least squares through the measurements, and its covariance the line's.
func TestCorrectIsLeastSquares(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 3))
	const r, count = 0.25, 40
	a := axis{xx: 1e8, vv: 1e8}
	var n, st, sz, stt, stz float64
	at := 0.0
	for range count {
		z := 5 + 0.7*at + math.Sqrt(r)*rng.NormFloat64()
		a.correct(z, r)
		n, st, sz, stt, stz = n+1, st+at, sz+z, stt+at*at, stz+at*z
		dt := 0.1 + rng.Float64() // no two frames are as far apart
		a.predict(dt, 0, 0)
		at += dt
	}
	det := n*stt - st*st
	slope := (n*stz - st*sz) / det
	offset := (sz - slope*st) / n
	want := axis{x: offset + slope*at, v: slope, vv: r * n / det,
		xv: r * (n*at - st) / det, xx: r * (stt - 2*at*st + n*at*at) / det}
	if !sameAxis(a, want, 1e-5) {
		t.Errorf("%+v, least squares say %+v", a, want)
	}
}

// matrix is a square matrix, for the filter as the papers write it.
type matrix [8][8]float64

func (a matrix) times(b matrix) (c matrix) {
	for i := range 8 {
		for j := range 8 {
			for k := range 8 {
				c[i][j] += a[i][k] * b[k][j]
			}
		}
	}
	return c
}

func (a matrix) transposed() (b matrix) {
	for i := range 8 {
		for j := range 8 {
			b[j][i] = a[i][j]
		}
	}
	return b
}

// deepSORT is the filter of DeepSORT's kalman_filter.py, of eight numbers, with this package's noise; measurements are
// independent of one another, so that they may be taken in one by one.
type deepSORT struct {
	x [8]float64
	p matrix
}

func newDeepSORT(z [4]float64) *deepSORT {
	h := z[3]
	f := &deepSORT{x: [8]float64{z[0], z[1], z[2], z[3]}}
	for i, sd := range [8]float64{sdFirst * h, sdFirst * h, sdAspect, sdFirst * h,
		sdFirstVelocity * h, sdFirstVelocity * h, sdAspectFirst, sdFirstVelocity * h} {
		f.p[i][i] = sd * sd
	}
	return f
}

func (f *deepSORT) predict() {
	var step matrix
	h := f.x[3]
	for i := range 8 {
		step[i][i] = 1
	}
	for i := range 4 {
		step[i][i+4] = 1
		f.x[i] += f.x[i+4]
	}
	f.p = step.times(f.p).times(step.transposed())
	for i, sd := range [8]float64{sdPosition * h, sdPosition * h, sdAspect, sdPosition * h,
		sdVelocity * h, sdVelocity * h, sdAspectFirst, sdVelocity * h} {
		f.p[i][i] += sd * sd
	}
}

func (f *deepSORT) correct(z [4]float64) {
	h := f.x[3]
	for m, sd := range [4]float64{0.18 * h, 0.18 * h, sdAspectMeasured, 0.18 * sdHeightMeasured * h} {
		if m == 3 && z[m] < f.x[m] {
			sd *= sdShorter
		}
		s := f.p[m][m] + sd*sd
		row := f.p[m]
		d := z[m] - f.x[m]
		var k [8]float64
		for i := range 8 {
			k[i] = f.p[i][m] / s
		}
		for i := range 8 {
			f.x[i] += k[i] * d
			for j := range 8 {
				f.p[i][j] -= k[i] * row[j]
			}
		}
	}
}

// TestMotionIsDeepSORTs follows one walk with both filters at 30 frames a second. They differ by how noise comes in
// during a step: at most 6 % of a variance, in the first second.
func TestMotionIsDeepSORTs(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 4))
	at := func(i int) box {
		x, y, h := 100+3*float64(i), 200-float64(i), 80+0.2*float64(i)
		jitter := func() float64 { return 2 * rng.NormFloat64() }
		return box{x - h/4 + jitter(), y - h/2 + jitter(), x + h/4 + jitter(), y + h/2 + jitter()}
	}
	first := at(0)
	cx, cy, a, h := first.measured()
	m, f := newMotion(first), newDeepSORT([4]float64{cx, cy, a, h})
	for i := 1; i <= 100; i++ {
		m.predict(frame)
		f.predict()
		z := at(i)
		cx, cy, a, h := z.measured()
		m.correct(z, 0.5) // off by 0.18 of the height
		f.correct([4]float64{cx, cy, a, h})
		for k, ax := range []axis{m.cx, m.cy, m.aspect, m.height} {
			sd := math.Sqrt(f.p[k][k])
			if math.Abs(ax.x-f.x[k]) > 0.02*sd || math.Abs(ax.v-f.x[k+4]) > 0.02*math.Sqrt(f.p[k+4][k+4]) ||
				!closeTo(ax.xx, f.p[k][k], 0.06) || !closeTo(ax.vv, f.p[k+4][k+4], 0.06) {
				t.Fatalf("frame %d, number %d: %+v, DeepSORT has %g %g, %g %g", i, k, ax, f.x[k], f.x[k+4], f.p[k][k], f.p[k+4][k+4])
			}
		}
	}
	if math.Abs(m.cx.v-3) > 0.5 || math.Abs(m.cy.v+1) > 0.5 {
		t.Errorf("the velocity is taken to be %.2f, %.2f; it is 3, -1", m.cx.v, m.cy.v)
	}
}

func TestNewBox(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, b := range [][4]float32{{0, 0, 0, 5}, {5, 0, 4, 5}, {float32(math.NaN()), 0, 1, 1}, {0, 0, inf, 1}, {-inf, 0, 1, 1}} {
		if _, ok := newBox(b); ok {
			t.Errorf("%v is taken for a box", b)
		}
	}
}
