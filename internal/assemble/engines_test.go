package assemble

import "testing"

func TestWantCPU(t *testing.T) {
	for text, want := range map[string]int{
		"0.00 0.01 0.05 1/210 12345\n": 1,
		"11.20 10.43 10.22 9/200 7951": 9,
		"0.00 0.01 0.05 x/210 12345":   -1,
		"0.00 0.01 0.05":               -1,
		"":                             -1,
	} {
		if got := wantCPU(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
