package edgetpu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Performance sets the device's clock: the faster, the more power and heat. The empty one leaves it to libedgetpu,
// which takes Max.
type Performance string

const (
	Low    Performance = "Low"
	Medium Performance = "Medium"
	High   Performance = "High"
	Max    Performance = "Max"
)

// ParsePerformance takes low, medium, high and max in any case, and "".
func ParsePerformance(s string) (Performance, error) {
	if s == "" {
		return "", nil
	}
	for _, p := range []Performance{Low, Medium, High, Max} {
		if strings.EqualFold(s, string(p)) {
			return p, nil
		}
	}
	return "", fmt.Errorf("performance %q: want low, medium, high or max", s)
}

// Options of a device, as in edgetpu.h; the zero Options leave everything to libedgetpu. A device that is open
// already in this process keeps the options of its first opening: libedgetpu shares it and ignores new ones.
type Options struct {
	Performance Performance
	AlwaysDFU   bool // load the firmware into a USB stick at every opening (Usb.AlwaysDfu)
	// MaxBulkInQueueLength is how many reads from a USB stick are under way at once, 0 to 255
	// (Usb.MaxBulkInQueueLength); nil leaves libedgetpu's 32.
	MaxBulkInQueueLength *int
	System               System // where an opening that failed is looked into
}

// Validate says what is out of range.
func (o Options) Validate() error {
	if o.Performance != "" && !slices.Contains([]Performance{Low, Medium, High, Max}, o.Performance) {
		return fmt.Errorf("performance %q: want Low, Medium, High or Max", o.Performance)
	}
	if n := o.MaxBulkInQueueLength; n != nil && (*n < 0 || *n > 255) {
		return fmt.Errorf("bulk-in queue length %d: want 0 to 255", *n)
	}
	return nil
}

// option is one struct edgetpu_option.
type option struct{ name, value string }

// list gives the options that are set, under the names that libedgetpu knows.
func (o Options) list() []option {
	var l []option
	if o.Performance != "" {
		l = append(l, option{"Performance", string(o.Performance)})
	}
	if o.AlwaysDFU {
		l = append(l, option{"Usb.AlwaysDfu", "True"})
	}
	if o.MaxBulkInQueueLength != nil {
		l = append(l, option{"Usb.MaxBulkInQueueLength", strconv.Itoa(*o.MaxBulkInQueueLength)})
	}
	return l
}
