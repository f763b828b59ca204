package mqtt

import (
	"testing"
	"time"

	"corallite/internal/part"
	"corallite/pipeline"
)

// TestFrigateSounds has two sounds heard, one of them again, and go after their time; and the level.
func TestFrigateSounds(t *testing.T) {
	r := newRig(t)
	r.config.Style, r.config.Prefix = StyleFrigate, "frigate"
	r.env.Models = []part.Model{{Name: "yard", Task: "keyword", Labels: []string{"dog bark", "all"}}}
	level := float32(-31.26)
	r.env.Sound = func() (float32, time.Time) { return level, time.Now() }
	r.broker.start()
	s := r.open()
	for topic, want := range map[string]string{
		"dog_bark": "OFF", "all_2": "OFF", "all": "OFF", "state": "ON", "dBFS": "-31.3",
	} {
		r.broker.is("frigate/front_door/audio/"+topic, want)
	}
	r.broker.is("frigate/front_door/status/audio", "online")
	r.report(s, pipeline.Result{Keywords: []pipeline.Keyword{{Label: "dog bark", Score: 0.9}}})
	r.broker.is("frigate/front_door/audio/dog_bark", "ON")
	r.broker.is("frigate/front_door/audio/all", "ON")
	r.broker.is("frigate/front_door/audio/all_2", "OFF")

	now := time.Now()
	at := func(d time.Duration) { s.tick(now.Add(d)) }
	at(20 * time.Second)
	s.mu.Lock()
	s.sound("all", now.Add(20*time.Second))
	s.mu.Unlock()
	at(29 * time.Second)
	r.broker.is("frigate/front_door/audio/all_2", "ON")
	r.broker.is("frigate/front_door/audio/dog_bark", "ON")
	at(31 * time.Second)
	r.broker.is("frigate/front_door/audio/dog_bark", "OFF")
	r.broker.is("frigate/front_door/audio/all", "ON")
	at(51 * time.Second)
	r.broker.is("frigate/front_door/audio/all_2", "OFF")
	r.broker.is("frigate/front_door/audio/all", "OFF")

	r.report(s, pipeline.Result{Keywords: []pipeline.Keyword{{Label: "dog bark", Score: 0.9}}})
	r.broker.is("frigate/front_door/audio/dog_bark", "ON")
	if !waitFor(func() bool {
		r.broker.publish("frigate/front_door/audio/set", "OFF")
		time.Sleep(5 * time.Millisecond)
		return !r.env.Control.On()
	}) {
		t.Error("it is not switched off")
	}
	r.broker.is("frigate/front_door/audio/state", "OFF")
	r.broker.is("frigate/front_door/status/audio", "disabled")
	r.close(s)
	r.broker.is("frigate/front_door/audio/dog_bark", "OFF")
}
