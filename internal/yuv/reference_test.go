package yuv

import (
	"math"
	"math/rand/v2"
	"testing"
)

// random is a picture whose samples lie from low to high, with gaps between its rows.
func random(t testing.TB, l Layout, width, height int, low, high int) *Picture {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	p := &Picture{Layout: l, Width: width, Height: height}
	for i := range l.Planes() {
		rowBytes, rows := l.PlaneSize(i, width, height)
		p.Stride[i] = rowBytes + 3*i
		p.Data[i] = make([]byte, p.Stride[i]*(rows-1)+rowBytes)
		for j := range p.Data[i] {
			p.Data[i][j] = byte(low + r.IntN(high-low+1))
		}
	}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	return p
}

// exact is the colour of a pixel by the formula of Picture, not rounded and not kept within 0 to 255: blue, green, red.
func exact(p *Picture, x, y int) [3]float64 {
	luma := float64(p.Data[0][y*p.Stride[0]+x])
	if p.Layout == Gray {
		return [3]float64{luma, luma, luma}
	}
	u, v := chroma(p, 0, x, y)-128, chroma(p, 1, x, y)-128
	if p.Full {
		luma, u, v = luma/255, u/255, v/255
	} else {
		luma, u, v = (luma-16)/219, u/224, v/224
	}
	kr, kb := p.Matrix.Weights()
	red, blue := luma+float64(2*(1-kr)*v), luma+float64(2*(1-kb)*u)
	green := (luma - float64(kr*red) - float64(kb*blue)) / (1 - kr - kb)
	return [3]float64{255 * blue, 255 * green, 255 * red}
}

// chroma is U (0) or V (1) at a pixel: the nearest sample or, where ffmpeg does so, interpolated.
func chroma(p *Picture, which, x, y int) float64 {
	sample := func(cx, cy int) float64 {
		if p.Layout == NV12 {
			return float64(p.Data[1][cy*p.Stride[1]+2*cx+which])
		}
		return float64(p.Data[1+which][cy*p.Stride[1+which]+cx])
	}
	rowBytes, rows := p.Layout.PlaneSize(1, p.Width, p.Height)
	if p.Layout == NV12 {
		rowBytes /= 2
	}
	odd, halfX, halfY := p.Width%2 == 1, rowBytes < p.Width, rows < p.Height
	across := halfX && odd && (p.Layout == NV12 || p.Height%2 == 1)
	down := halfY && (p.Layout == NV12 || p.Height%2 == 1)
	xs, ys := []weighted{{x, 1}}, []weighted{{y, 1}}
	switch {
	case across:
		xs = cubic(x, rowBytes, p.Width)
	case halfX:
		xs[0].at /= 2
	}
	switch {
	case down:
		ys = cubic(y, rows, p.Height)
	case halfY:
		ys[0].at /= 2
	}
	sum := 0.0
	for _, b := range ys {
		row := 0.0
		for _, a := range xs {
			row += float64(sample(a.at, b.at) * a.by)
		}
		sum += float64(min(row, 255.99) * b.by)
	}
	return sum
}

type weighted struct {
	at int
	by float64
}

// cubic are the samples of n from which sample i of m comes. Of up to five around it, libswscale takes the first one
// rounded towards 0; few samples give it fewer.
func cubic(i, n, m int) []weighted {
	step := math.Floor(float64(n)*65536/float64(m)+0.5) / 65536 // as precise as libswscale's
	centre := float64((float64(i)+0.5)*step) - 0.5
	size := max(min(5, n-2), 1)
	start := int(math.Trunc(centre - float64(size-2)/2))
	var all []weighted
	sum := 0.0
	for j := range size {
		d := math.Abs(float64(start+j) - centre)
		by := 0.0
		if d < 1 {
			by = float64(1.4*d*d*d) - float64(2.4*d*d) + 1
		} else if d < 2 {
			by = float64(-0.6*d*d*d) + float64(3*d*d) - float64(4.8*d) + 2.4
		}
		all = append(all, weighted{min(max(start+j, 0), n-1), by})
		sum += by
	}
	for j := range all {
		all[j].by /= sum
	}
	return all
}

func clip(v float64) float64 { return math.Min(math.Max(v, 0), 255) }
