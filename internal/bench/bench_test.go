package bench

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestOf(t *testing.T) {
	var times []time.Duration
	for i := range 101 {
		times = append(times, time.Duration(100-i)*time.Microsecond)
	}
	s := Of(times)
	want := Stats{Count: 101, Mean: 50, Deviation: math.Sqrt(858.5), Least: 0, P50: 50, P90: 90, P99: 99, Most: 100}
	if math.Abs(s.Deviation-want.Deviation) > 1e-9 {
		t.Errorf("deviation %v, want %v", s.Deviation, want.Deviation)
	}
	if s.Deviation = want.Deviation; s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	if (Of(nil) != Stats{}) || Of(times[:1]).P99 != 100 {
		t.Error("of none and of one")
	}
}

// Of three pairs with ratios 2, 4 and 8: the middle one, and Student's interval with two degrees of freedom (4.3027).
func TestRatioOf(t *testing.T) {
	r := RatioOf([]float64{1, 2, 3}, []float64{2, 8, 24})
	half := 4.302652729911275 * math.Ln2 / math.Sqrt(3)
	if math.Abs(r.Value-4) > 1e-9 || math.Abs(r.Low-4*math.Exp(-half)) > 1e-6 || math.Abs(r.High-4*math.Exp(half)) > 1e-4 || r.Pairs != 3 {
		t.Errorf("%+v", r)
	}
	if r := RatioOf([]float64{1}, []float64{3}); r.Low != 0 || !math.IsInf(r.High, 1) {
		t.Errorf("of one pair: %+v", r)
	}
}

func TestMeter(t *testing.T) {
	write := func(root, name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if m := FindMeter(t.TempDir()); m != nil {
		t.Errorf("%+v on a machine without", m)
	}
	rapl := t.TempDir()
	write(rapl, "sys/class/powercap/intel-rapl:0/energy_uj", "9000000\n")
	write(rapl, "sys/class/powercap/intel-rapl:0/max_energy_range_uj", "10000000\n")
	write(rapl, "sys/class/powercap/intel-rapl:0:0/energy_uj", "5\n") // a part of it
	m := FindMeter(rapl)
	if m == nil || m.Name != "intel-rapl:0" {
		t.Fatalf("%+v", m)
	}
	from := m.Read()
	write(rapl, "sys/class/powercap/intel-rapl:0/energy_uj", "500000\n") // it began anew
	if j := m.Joules(from, m.Read()); math.Abs(j-1.5) > 1e-9 {
		t.Errorf("%v J, want 1.5", j)
	}
	ina := t.TempDir()
	write(ina, "sys/class/hwmon/hwmon0/name", "coretemp\n")
	write(ina, "sys/class/hwmon/hwmon0/power1_input", "1\n")
	write(ina, "sys/class/hwmon/hwmon3/name", "ina219\n")
	write(ina, "sys/class/hwmon/hwmon3/power1_input", "3000000\n")
	if m = FindMeter(ina); m == nil || m.Name != "hwmon3 (ina219)" {
		t.Fatalf("%+v", m)
	}
	from = m.Read()
	to := from
	to.at = from.at.Add(2 * time.Second)
	if j := m.Joules(from, to); math.Abs(j-6) > 1e-9 {
		t.Errorf("%v J, want 6", j)
	}
}
