// Package paired says whether two models differ by more than chance, from their outcomes on the same samples.
package paired

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"corallite/internal/quantile"
)

// McNemar is the exact two-sided test (McNemar 1947, with the binomial distribution) on samples that exactly one of two
// models has right: the probability of counts at least as uneven if the models are equally good.
func McNemar(onlyFirst, onlySecond int) float64 {
	n := onlyFirst + onlySecond
	if n == 0 {
		return 1
	}
	b := distuv.Binomial{N: float64(n), P: 0.5}
	return min(1, 2*b.CDF(float64(min(onlyFirst, onlySecond))))
}

// Difference is that of a measure, second minus first, with the bounds between which 95 % of resamplings lie.
type Difference struct{ Value, Low, High float64 }

// Bootstrap draws samples with replacement (Efron 1979) and gives the difference of a measure of both models on the same
// draws. measure gets the numbers of the samples, with repetitions; the same seed gives the same draws. Draws for which the
// measure is no number are left out; without any, the bounds are NaN.
func Bootstrap(samples, draws int, seed uint64, measure func(samples []int) (first, second float64)) Difference {
	all := make([]int, samples)
	for i := range all {
		all[i] = i
	}
	a, b := measure(all)
	d := Difference{Value: b - a, Low: math.NaN(), High: math.NaN()}
	r := rand.New(rand.NewPCG(seed, 0))
	drawn := make([]int, samples)
	var values []float64
	for range draws {
		for i := range drawn {
			drawn[i] = r.IntN(samples)
		}
		a, b := measure(drawn)
		if v := b - a; !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return d
	}
	slices.Sort(values)
	d.Low, d.High = quantile.Of(values, 0.025), quantile.Of(values, 0.975)
	return d
}
