package track

import "time"

// frameRate is the rate for which DeepSORT's noise parameters are meant: velocities are in units of 1/30 s.
const frameRate = 30

// Standard deviations. Those of lengths are fractions of the object's height; those of a step are for 1/30 s.
//
// The form is DeepSORT's. Its numbers trust each box too much: they follow the boxes of small detectors, which jump by a
// tenth of a person's height, instead of the person. These were chosen on vtest.avi, with two detectors and at three
// frame rates, and on the crowds of TestCrowds.
const (
	sdFirst         = 1.0 / 10 // of the first box
	sdFirstVelocity = 1.0 / 32
	sdPosition      = 0.35 / 20 // that a step adds
	sdVelocity      = 1.0 / 320
	sdAspect        = 1e-2
	sdAspectFirst   = 1e-5 // of the aspect's velocity
	// A detection of score s is off by sdMeasured * (1 - s), but at least by sdMeasuredMin: a box with a high score is a
	// better one (Du et al., "GIAOTracker", ICCV 2021, scales the noise likewise).
	sdMeasured       = 0.36
	sdMeasuredMin    = 0.02
	sdHeightMeasured = 2 // times that of the position: detectors often find a part of a person
	sdShorter        = 2 // times that of the height, for boxes lower than expected: legs are cut off more often than added
	sdAspectMeasured = 1e-1
)

// outlier is the number of standard deviations from which a measurement counts less.
const outlier = 1.5

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

// doubt is the variance r of a measurement z, enlarged if it is further off than expected: it is rather wrong than the
// object has jumped. Its pull then no longer grows with its distance, as in Huber's estimator.
func (a *axis) doubt(z, r float64) float64 {
	return float64(r * max(1, square(z-a.x)/(square(outlier)*(a.xx+r))))
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
	position, velocity := square(sdFirst*height), square(sdFirstVelocity*height)
	return motion{
		cx:     axis{x: cx, xx: position, vv: velocity},
		cy:     axis{x: cy, xx: position, vv: velocity},
		aspect: axis{x: aspect, xx: square(sdAspect), vv: square(sdAspectFirst)},
		height: axis{x: height, xx: position, vv: velocity},
	}
}

// predict advances by a duration.
func (m *motion) predict(dt time.Duration) {
	n := dt.Seconds() * frameRate
	position, velocity := square(sdPosition*m.height.x), square(sdVelocity*m.height.x)
	m.cx.predict(n, position, velocity)
	m.cy.predict(n, position, velocity)
	m.aspect.predict(n, square(sdAspect), square(sdAspectFirst))
	m.height.predict(n, position, velocity)
}

// Standard deviations of what is seen in the pictures, as fractions of the object's height.
const (
	sdSeen         = 0.005 // of a movement from one picture to the next
	sdSeenVelocity = 0.01  // of the velocity in 1/30 s that it tells
	// trustSeen is the part of the velocity that it decides; the last ones are in the rest, so that steps are evened out.
	trustSeen = 0.5
)

// move advances by a duration in which the object was seen to move by dx and dy. That is far more certain than a
// prediction, so that the boxes of many frames add up, and a detector's errors, which last for frames, even out.
// What moved may be something in front while the object is not found, which then keeps its velocity.
func (m *motion) move(dt time.Duration, dx, dy float64, found bool) {
	n := dt.Seconds() * frameRate
	position, velocity := square(sdSeen*m.height.x), square(sdSeenVelocity*m.height.x)
	trust := trustSeen
	if !found {
		trust = 0
	}
	m.cx.move(n, dx, trust, position, velocity)
	m.cy.move(n, dy, trust, position, velocity)
	m.aspect.predict(n, square(sdAspect), square(sdAspectFirst))
	m.height.predict(n, square(sdPosition*m.height.x), square(sdVelocity*m.height.x))
}

func (a *axis) move(n, d, trust, position, velocity float64) {
	a.x += d
	a.xx += position
	if n > 0 {
		a.v += float64(trust * (d/n - a.v))
	}
	a.xv, a.vv = 0, velocity
}

// noise is the variances of the position and the height of a box of a score.
func (m *motion) noise(score float32) (position, height float64) {
	position = square(max(sdMeasured*(1-float64(score)), sdMeasuredMin) * m.height.x)
	return position, float64(position * sdHeightMeasured * sdHeightMeasured)
}

// correct updates with a detected box and its score.
func (m *motion) correct(b box, score float32) {
	cx, cy, aspect, height := b.measured()
	position, size := m.noise(score)
	m.cx.correct(cx, m.cx.doubt(cx, position))
	m.cy.correct(cy, m.cy.doubt(cy, position))
	m.aspect.correct(aspect, m.aspect.doubt(aspect, square(sdAspectMeasured)))
	if height < m.height.x {
		size = float64(size * sdShorter * sdShorter)
	}
	m.height.correct(height, m.height.doubt(height, size))
}

// distance is the square of how many standard deviations a box is off (Mahalanobis distance of centre and height).
func (m *motion) distance(b box, score float32) float64 {
	cx, cy, _, height := b.measured()
	position, size := m.noise(score)
	return square(cx-m.cx.x)/(m.cx.xx+position) + square(cy-m.cy.x)/(m.cy.xx+position) + square(height-m.height.x)/(m.height.xx+size)
}

// box is the predicted box. It may be inverted, and then overlaps nothing.
func (m *motion) box() box {
	h := m.height.x
	halfWidth, halfHeight := float64(m.aspect.x*h/2), float64(h/2)
	return box{m.cx.x - halfWidth, m.cy.x - halfHeight, m.cx.x + halfWidth, m.cy.x + halfHeight}
}

func square(x float64) float64 { return float64(x * x) }
