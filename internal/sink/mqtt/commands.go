package mqtt

import (
	"math"
	"strconv"
	"strings"
)

// listen applies what was changed in an earlier run, and listens to what is changed now.
func (s *Sink) listen() {
	c := s.env.Control
	if c == nil {
		return
	}
	s.link.remember(s.env.Pipeline, func(r *remembered) {
		c.Switch(!r.Off)
		for _, t := range c.Thresholds() {
			if v, ok := r.Thresholds[t.Model]; ok {
				t.Set(v)
			}
		}
	})
	show := func() {
		s.link.set(s.base+"/detect/state", onOff(c.On()), 1, true)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.frigateSwitches()
	}
	show()
	turn := func(payload string) {
		on, ok := parseSwitch(payload)
		if !ok {
			s.link.log.Warn("mqtt: a switch is set to what is neither ON nor OFF", "pipeline", s.env.Pipeline)
			return
		}
		c.Switch(on)
		s.link.remember(s.env.Pipeline, func(r *remembered) { r.Off = !on })
		s.link.log.Info("mqtt: detection is switched", "pipeline", s.env.Pipeline, "on", on)
		show()
	}
	s.link.handle(s.base+"/detect/set", turn)
	if s.link.c.Style == StyleFrigate {
		s.link.handle(s.base+"/enabled/set", turn)
		s.link.handle(s.base+"/snapshots/set", s.turnSnapshots)
		if s.hears() {
			s.link.handle(s.soundTopic("set"), turn)
		}
	}
	for _, t := range c.Thresholds() {
		topic := s.base + "/models/" + s.models.get(t.Model) + "/threshold/"
		s.link.set(topic+"state", number(t.Get()), 1, true)
		s.link.handle(topic+"set", func(payload string) {
			v, err := strconv.ParseFloat(strings.TrimSpace(payload), 64)
			if err != nil || !t.Set(v) {
				s.link.log.Warn("mqtt: a threshold is set to what is no number in its limits", "pipeline", s.env.Pipeline, "model", t.Model, "least", t.Least(), "most", 1)
				return
			}
			s.link.remember(s.env.Pipeline, func(r *remembered) { r.Thresholds[t.Model] = v })
			s.link.log.Info("mqtt: a threshold is changed", "pipeline", s.env.Pipeline, "model", t.Model, "threshold", v)
			s.link.set(topic+"state", number(v), 1, true)
		})
	}
}

func parseSwitch(payload string) (on, ok bool) {
	switch strings.ToUpper(strings.TrimSpace(payload)) {
	case "ON":
		return true, true
	case "OFF":
		return false, true
	}
	return false, false
}

func onOff(on bool) []byte {
	if on {
		return []byte("ON")
	}
	return []byte("OFF")
}

func number(v float64) []byte { return strconv.AppendFloat(nil, round(v, 4), 'f', -1, 64) }

// round rounds to a number of decimals; what is no number becomes 0, as JSON has no word for it.
func round(v float64, decimals int) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	p := math.Pow10(decimals)
	return math.Round(v*p) / p
}
