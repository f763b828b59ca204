package track

import "time"

// frameRate is the rate for which DeepSORT's noise parameters are meant: velocities are in units of 1/30 s.
const frameRate = 30

// DeepSORT's standard deviations. Those of lengths are fractions of the object's height.
const (
	sdPosition       = 1.0 / 20
	sdVelocity       = 1.0 / 160
	sdAspect         = 1e-2
	sdAspectVelocity = 1e-5
	sdAspectMeasured = 1e-1
)

// axis is one number that is measured, x, its change v in each 1/30 s, and how far both may be off (variances xx and
// vv, covariance xv). No noise of the papers couples the middle, the aspect and the height of a box, so the papers' one
// filter of eight numbers is four filters of two.
type axis struct{ x, v, xx, xv, vv float64 }

// predict advances by n times 1/30 s. Noise of variance qx and qv per 1/30 s is added continuously, so that two steps
// equal one of their sum; one step of n = 1 differs from DeepSORT by qv/3 beside qx, less than 1 %.
func (a *axis) predict(n, qx, qv float64) {
	a.x += float64(n * a.v)
	a.xx += float64(n * (float64(2*a.xv) + float64(n*a.vv) + qx + float64(n*n/3*qv)))
	a.xv += float64(n * (a.vv + float64(n/2*qv)))
	a.vv += float64(n * qv)
}

// correct updates with a measurement z of variance r.
func (a *axis) correct(z, r float64) {
	s := a.xx + r
	kx, kv := a.xx/s, a.xv/s
	d := z - a.x
	a.x += float64(kx * d)
	a.v += float64(kv * d)
	a.vv -= float64(kv * a.xv)
	a.xv *= r / s // 1 - kx, without cancellation
	a.xx *= r / s
}

// motion is the estimated position and velocity of an object's box.
type motion struct{ cx, cy, aspect, height axis }

// newMotion is the initial motion of an object from its first box.
func newMotion(b box) motion {
	cx, cy, aspect, height := b.measured()
	position, velocity := square(2*sdPosition*height), square(10*sdVelocity*height)
	return motion{
		cx:     axis{x: cx, xx: position, vv: velocity},
		cy:     axis{x: cy, xx: position, vv: velocity},
		aspect: axis{x: aspect, xx: square(sdAspect), vv: square(sdAspectVelocity)},
		height: axis{x: height, xx: position, vv: velocity},
	}
}

// predict advances by a duration.
func (m *motion) predict(dt time.Duration) {
	n := dt.Seconds() * frameRate
	position, velocity := square(sdPosition*m.height.x), square(sdVelocity*m.height.x)
	m.cx.predict(n, position, velocity)
	m.cy.predict(n, position, velocity)
	m.aspect.predict(n, square(sdAspect), square(sdAspectVelocity))
	m.height.predict(n, position, velocity)
}

// correct updates with a detected box.
func (m *motion) correct(b box) {
	cx, cy, aspect, height := b.measured()
	position := square(sdPosition * m.height.x)
	m.cx.correct(cx, position)
	m.cy.correct(cy, position)
	m.aspect.correct(aspect, square(sdAspectMeasured))
	m.height.correct(height, position)
}

// box is the predicted box. It may be inverted, and then overlaps nothing.
func (m *motion) box() box {
	h := m.height.x
	halfWidth, halfHeight := float64(m.aspect.x*h/2), float64(h/2)
	return box{m.cx.x - halfWidth, m.cy.x - halfHeight, m.cx.x + halfWidth, m.cy.x + halfHeight}
}

func square(x float64) float64 { return float64(x * x) }
