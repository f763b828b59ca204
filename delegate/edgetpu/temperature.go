package edgetpu

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Kinds of failure of Temperature, for errors.Is.
var (
	ErrNoSensor = errors.New("the device shows no temperature")
	ErrGone     = errors.New("the Edge TPU is gone")
)

// Reading is a device's temperature and the points at which something happens to it, in degrees Celsius.
type Reading struct {
	Now float64
	// Trip are the points from which the driver runs the chip at a half, a quarter and an eighth of its clock, if it
	// looks at the temperature at all (its parameter temp_poll_interval, which can be 0).
	Trip [3]float64
	// Warn are the points at which the chip itself raises an interrupt and its alarm line, which mostly switches it
	// off, if that is on (hw_temp_warn1_en, hw_temp_warn2_en). They lie in the chip.
	Warn [2]float64
}

// What the driver sets where its user sets nothing (gasket-driver: apex_driver.c). Its files show 0.2 °C less, the
// next lower step of the sensor.
var (
	defaultTrip = [3]float64{85, 90, 95}
	defaultWarn = [2]float64{100, 110}
)

// The driver makes m°C of the sensor's ten bits by (662 − bits) × 250 + 550 (apex_driver.c: adc_to_millic). A register
// of a device that no longer answers on its bus reads as all ones, −89.7 °C; one of a sensor that is not switched on as
// zero, 166.05 °C.
const (
	allOnesMilli = (662-(1<<10-1))*250 + 550
	zeroMilli    = 662*250 + 550
	// goneMilli leaves room above all ones: −87.9 °C has been reported of a card that was gone (google-coral/edgetpu
	// issue 843), and no chip works at −85 °C.
	goneMilli = -85000
)

// Temperature reads how warm a device is. Only PCIe devices show it; the error of others, and of drivers too old to
// show it, wraps ErrNoSensor. That of a device which does not answer any more wraps ErrGone: its files have gone, or the
// sensor reads all ones (−89.7 °C; anything below −85 °C counts as that). Any other error names the file, and what
// is wrong with it.
func (s System) Temperature(d Device) (Reading, error) {
	if d.Bus != PCI {
		return Reading{}, fmt.Errorf("%w: %s (only PCIe devices do)", ErrNoSensor, d)
	}
	folder := "/sys/class/apex/" + filepath.Base(d.Path)
	now, err := s.milli(folder + "/temp")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Reading{}, s.noTemperature(d, folder)
	case errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return Reading{}, fmt.Errorf("%w: %w", ErrGone, err)
	case err != nil:
		return Reading{}, err
	case now >= allOnesMilli && now <= goneMilli:
		return Reading{}, fmt.Errorf("%w: its sensor reads %.1f °C (%s/temp), which is what a card reads that does not answer",
			ErrGone, celsius(now), folder)
	case now < allOnesMilli, now >= zeroMilli:
		return Reading{}, fmt.Errorf("%s/temp: %.2f °C is no temperature of the chip: its sensor does not work", folder, celsius(now))
	}
	r := Reading{Now: celsius(now), Trip: defaultTrip, Warn: defaultWarn}
	for i := range r.Trip {
		err = errors.Join(err, s.optional(&r.Trip[i], fmt.Sprintf("%s/trip_point%d_temp", folder, i)))
	}
	for i := range r.Warn {
		err = errors.Join(err, s.optional(&r.Warn[i], fmt.Sprintf("%s/hw_temp_warn%d", folder, i+1)))
	}
	if err != nil {
		return Reading{}, err
	}
	return r, nil
}

// noTemperature tells a device that is gone from one whose driver shows no temperature.
func (s System) noTemperature(d Device, folder string) error {
	if s.exists(folder) {
		return fmt.Errorf("%w: %s has no file temp; the driver of gasket-dkms has", ErrNoSensor, folder)
	}
	if s.exists(d.Path) { // a container without this part of sysfs
		return fmt.Errorf("%w: %s is not there", ErrNoSensor, folder)
	}
	return fmt.Errorf("%w: neither %s nor %s is there", ErrGone, folder, d.Path)
}

func (s System) exists(path string) bool {
	_, err := os.Stat(s.Root + path)
	return err == nil
}

// optional reads a file of m°C into an °C value, which stays where there is no such file.
func (s System) optional(value *float64, path string) error {
	n, err := s.milli(path)
	switch {
	case err == nil:
		*value = celsius(n)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// milli reads a file that holds a whole number.
func (s System) milli(path string) (int, error) {
	b, err := os.ReadFile(s.Root + path)
	if err != nil {
		return 0, err // names the file
	}
	text := strings.TrimSpace(string(b))
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %q is no temperature in thousandths of a degree", path, shorten(text))
	}
	return n, nil
}

// shorten keeps what a file holds from filling an error.
func shorten(text string) string {
	const most = 40
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

func celsius(milli int) float64 { return float64(milli) / 1000 }
