// Package quantile reads quantiles of sorted values.
package quantile

// Of is the quantile q (0 to 1) of sorted values, of which there is at least one: between the two nearest in proportion, as
// numpy's default.
func Of(sorted []float64, q float64) float64 {
	at := float64(q * float64(len(sorted)-1))
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + float64((at-float64(i))*(sorted[i+1]-sorted[i]))
}
