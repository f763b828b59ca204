package bench

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Meter reads what the machine tells of its energy: processors' packages by RAPL (Linux' powercap), or the power sensors of
// hwmon (INA219, INA226, INA3221 and others). It is that of the whole machine or rail, not of one program.
type Meter struct {
	Name     string // "intel-rapl:0", "hwmon1 (ina219)"
	counters []counter
	sensors  []string // files with microwatts
}

// counter is a file that counts microjoules, and begins anew at wrap.
type counter struct {
	file string
	wrap uint64
}

// FindMeter looks below root, "/" but in tests; nil: the machine does not tell, or not this user.
func FindMeter(root string) *Meter {
	zones, _ := filepath.Glob(filepath.Join(root, "sys/class/powercap/*:[0-9]*")) // the pattern is right
	m := &Meter{}
	for _, zone := range zones {
		if strings.Count(filepath.Base(zone), ":") != 1 {
			continue // a part of another zone
		}
		if _, ok := readNumber(filepath.Join(zone, "energy_uj")); !ok {
			continue
		}
		wrap, _ := readNumber(filepath.Join(zone, "max_energy_range_uj"))
		m.counters = append(m.counters, counter{filepath.Join(zone, "energy_uj"), wrap})
		m.Name = strings.TrimPrefix(m.Name+", "+filepath.Base(zone), ", ")
	}
	if len(m.counters) > 0 {
		return m
	}
	sensors, _ := filepath.Glob(filepath.Join(root, "sys/class/hwmon/hwmon*/power1_input"))
	for _, s := range sensors {
		name, _ := os.ReadFile(filepath.Join(filepath.Dir(s), "name"))
		if kind := strings.TrimSpace(string(name)); strings.HasPrefix(kind, "ina") {
			m.sensors = append(m.sensors, s)
			m.Name = strings.TrimPrefix(m.Name+", "+filepath.Base(filepath.Dir(s))+" ("+kind+")", ", ")
		}
	}
	if len(m.sensors) == 0 {
		return nil
	}
	return m
}

// Reading is the state of a meter. Sensors are read at the beginning and the end, and the mean power holds for the time between.
type Reading struct {
	at     time.Time
	joules []uint64 // microjoules
	watts  []uint64 // microwatts
}

// Read reads the meter.
func (m *Meter) Read() Reading {
	r := Reading{at: time.Now()}
	for _, c := range m.counters {
		v, _ := readNumber(c.file)
		r.joules = append(r.joules, v)
	}
	for _, s := range m.sensors {
		v, _ := readNumber(s)
		r.watts = append(r.watts, v)
	}
	return r
}

// Joules is the energy between two readings.
func (m *Meter) Joules(from, to Reading) float64 {
	sum := 0.0
	for i, c := range m.counters {
		used := to.joules[i] - from.joules[i]
		if to.joules[i] < from.joules[i] {
			used = c.wrap - from.joules[i] + to.joules[i]
		}
		sum += float64(used) / 1e6
	}
	for i := range m.sensors {
		sum += float64(float64(from.watts[i]+to.watts[i]) / 2e6 * to.at.Sub(from.at).Seconds())
	}
	return sum
}

func readNumber(path string) (uint64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	v, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return v, err == nil
}
