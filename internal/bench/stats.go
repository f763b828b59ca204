// Package bench makes figures of the times of a model's runs.
package bench

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"corallite/internal/quantile"
)

// Stats are of the times of runs, in microseconds. Percentiles lie between the two nearest values, as numpy's do.
type Stats struct {
	Count     int     `json:"count"`
	Mean      float64 `json:"mean_us"`
	Deviation float64 `json:"deviation_us"` // standard deviation of the sample
	Least     float64 `json:"least_us"`
	P50       float64 `json:"p50_us"`
	P90       float64 `json:"p90_us"`
	P99       float64 `json:"p99_us"`
	Most      float64 `json:"most_us"`
}

// Of makes them; of nothing all are 0.
func Of(times []time.Duration) Stats {
	if len(times) == 0 {
		return Stats{}
	}
	v := make([]float64, len(times))
	sum := 0.0
	for i, t := range times {
		v[i] = float64(t) / float64(time.Microsecond)
		sum += v[i]
	}
	slices.Sort(v)
	s := Stats{Count: len(v), Mean: sum / float64(len(v)), Least: v[0], P50: quantile.Of(v, 0.5), P90: quantile.Of(v, 0.9), P99: quantile.Of(v, 0.99), Most: v[len(v)-1]}
	squares := 0.0
	for _, x := range v {
		squares += float64((x - s.Mean) * (x - s.Mean))
	}
	if len(v) > 1 {
		s.Deviation = math.Sqrt(squares / float64(len(v)-1))
	}
	return s
}

// Ratio is how many times longer the second of two takes, with the 95 % confidence interval.
type Ratio struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Pairs int     `json:"pairs"`
}

// RatioOf compares times that were measured in turn, pair by pair: the mean of the logarithms of their ratios, and Student's
// interval around it. What slows both down for a while, as other programs and heat do, does not count. Fewer than two
// pairs have no interval: it is 0 to infinity.
func RatioOf(first, second []float64) Ratio {
	n := min(len(first), len(second))
	logs := make([]float64, n)
	mean := 0.0
	for i := range n {
		logs[i] = math.Log(second[i] / first[i])
		mean += logs[i] / float64(n)
	}
	r := Ratio{Value: math.Exp(mean), Low: 0, High: math.Inf(1), Pairs: n}
	if n < 2 {
		return r
	}
	squares := 0.0
	for _, l := range logs {
		squares += float64((l - mean) * (l - mean))
	}
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
	half := float64(student.Quantile(0.975) * math.Sqrt(squares/float64(n-1)/float64(n)))
	r.Low, r.High = math.Exp(mean-half), math.Exp(mean+half)
	return r
}
