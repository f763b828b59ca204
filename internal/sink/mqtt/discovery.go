package mqtt

import (
	"encoding/json"
	"maps"
	"strings"
)

// Home Assistant's MQTT discovery, in its form of one message a device (home-assistant.io/integrations/mqtt, "device
// discovery"). The names of the keys are written out. Here ~ is what topics of a device begin with; in messages topics are
// whole, as Home Assistant takes ~ in messages for single entities only.

// component is an entity of a device: the keys of its platform.
type component map[string]any

// device is a device with its entities.
type device struct {
	id, name, model string
	via             string // the id of the device that it belongs to; "": none
	base            string // of its topics
	components      map[string]component
}

// entity adds an entity; the name is what people see, beside the device's.
func (d *device) entity(platform, id, name string, keys component) {
	c := component{"platform": platform, "unique_id": d.id + "_" + id, "name": name, "default_entity_id": platform + "." + strings.ToLower(d.id+"_"+id)}
	for k, v := range keys {
		if topic, ok := v.(string); ok && strings.HasSuffix(k, "topic") {
			v = strings.Replace(topic, "~", d.base, 1)
		}
		c[k] = v
	}
	d.components[id] = c
}

// announce publishes a device. What it had in an earlier run and has no more is removed.
func (l *Link) announce(d *device) {
	if l.c.Home == nil {
		return
	}
	topic := l.c.Home.Prefix + "/device/" + d.id + "/config"
	info := map[string]any{"identifiers": []string{d.id}, "name": d.name, "manufacturer": "Corallite", "model": d.model, "sw_version": l.version}
	if d.via != "" {
		info["via_device"] = d.via
	}
	all, platforms := map[string]any{}, map[string]string{}
	l.mu.Lock()
	for id, platform := range l.before[topic] {
		all[id] = component{"platform": platform} // alone, it removes the entity
	}
	l.mu.Unlock()
	for id, c := range d.components {
		platforms[id] = c["platform"].(string)
		if l.c.Home.ObjectID {
			c = maps.Clone(c)
			_, c["object_id"], _ = strings.Cut(c["default_entity_id"].(string), ".")
		}
		all[id] = c
	}
	payload, err := json.Marshal(map[string]any{
		"device": info, "components": all,
		"origin":       map[string]any{"name": "Corallite", "sw_version": l.version},
		"availability": []map[string]string{{"topic": l.topic(l.availability())}},
	})
	if err != nil { // of strings and numbers it never is
		l.log.Error("mqtt: discovery", "error", err)
		return
	}
	l.put(topic, state{payload: payload, qos: 1, retain: true, sent: func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.memory.Components[topic] = platforms
		l.unsaved = true
	}})
}

// programID is the id of the program's own device.
func (l *Link) programID() string { return slug(l.c.ClientID) }

// announceProgram publishes the program's device: its version and the accelerators' temperatures.
func (l *Link) announceProgram() {
	version, _ := json.Marshal(map[string]string{"installed_version": l.version, "latest_version": l.version})
	l.set(l.topic("version"), version, 1, true)
	d := &device{id: l.programID(), name: "Corallite", model: "Corallite", base: l.c.Prefix, components: map[string]component{}}
	d.entity("update", "version", "Version", component{"state_topic": "~/version", "title": "Corallite", "entity_category": "diagnostic"})
	var names slugs
	if l.devices != nil {
		for _, a := range l.devices() {
			if a.Temperature != nil {
				id := names.get(a.Name)
				d.entity("sensor", "temperature_"+id, "Temperature "+a.Name, component{
					"state_topic": "~/devices/" + id + "/temperature", "device_class": "temperature", "unit_of_measurement": "°C",
					"state_class": "measurement", "entity_category": "diagnostic", "suggested_display_precision": 1,
				})
			}
		}
	}
	l.announce(d)
}

// showDevices publishes the accelerators' temperatures.
func (l *Link) showDevices() {
	if l.devices == nil {
		return
	}
	var names slugs
	for _, a := range l.devices() {
		if a.Temperature != nil {
			l.set(l.topic("devices", names.get(a.Name), "temperature"), number(*a.Temperature), 0, true)
		}
	}
}

// announcePipeline publishes the pipeline's device. Called with the sink's lock.
func (s *Sink) announcePipeline() {
	if s.link.c.Home == nil {
		return
	}
	d := &device{
		id: s.link.programID() + "_" + s.name, name: s.env.Pipeline, model: "Pipeline", via: s.link.programID(), base: s.base, components: map[string]component{},
	}
	d.entity("binary_sensor", "source", "Source", component{"state_topic": "~/source", "device_class": "connectivity", "entity_category": "diagnostic"})
	d.entity("binary_sensor", "fallback", "Fallback", component{
		"state_topic": "~/stats", "value_template": "{{ 'ON' if value_json.fallback else 'OFF' }}", "device_class": "problem", "entity_category": "diagnostic",
	})
	stat := func(id, name, unit string, more component) {
		c := component{"state_topic": "~/stats", "value_template": "{{ value_json." + id + " }}", "entity_category": "diagnostic"}
		if unit != "" {
			c["unit_of_measurement"], c["state_class"] = unit, "measurement"
		}
		maps.Copy(c, more)
		d.entity("sensor", id, name, c)
	}
	stat("fps", "Items per second", "1/s", component{"suggested_display_precision": 1})
	stat("inference_ms", "Inference time", "ms", component{"device_class": "duration", "suggested_display_precision": 1})
	stat("device", "Device", "", nil)
	if c := s.env.Control; c != nil {
		d.entity("switch", "detect", "Detection", component{"command_topic": "~/detect/set", "state_topic": "~/detect/state", "entity_category": "config"})
		for _, t := range c.Thresholds() {
			id := s.models.get(t.Model)
			d.entity("number", "threshold_"+id, "Threshold "+t.Model, component{
				"command_topic": "~/models/" + id + "/threshold/set", "state_topic": "~/models/" + id + "/threshold/state",
				"min": t.Least(), "max": 1, "step": 0.01, "mode": "box", "entity_category": "config",
			})
		}
	}
	for _, label := range s.labels {
		s.announceLabel(d, label)
	}
	if words := s.words(); len(words) > 0 {
		d.entity("event", "words", "Word", component{"state_topic": "~/words", "event_types": words})
	}
	if s.pictures != nil && s.c.LivePicture > 0 {
		d.entity("camera", "picture", "Picture", component{"topic": "~/picture"})
	}
	s.link.announce(d)
}

// announceLabel adds what is known of a label, in the picture and in each zone.
func (s *Sink) announceLabel(d *device, label string) {
	id := s.slugs.get(label)
	for _, at := range append([]string{""}, s.env.Zones...) {
		topic, key, name := "~/"+id, id, label
		if at != "" {
			zone := s.zones.get(at)
			topic, key, name = "~/zones/"+zone+"/"+id, "zone_"+zone+"_"+id, label+" in "+at
		}
		d.entity("binary_sensor", key+"_occupancy", name+" present", component{"state_topic": topic + "/occupancy", "device_class": "occupancy"})
		d.entity("sensor", key+"_count", name+" count", component{"state_topic": topic + "/count", "state_class": "measurement"})
	}
	if s.pictures != nil {
		d.entity("image", id+"_picture", label+" picture", component{"image_topic": "~/" + id + "/picture", "content_type": "image/jpeg"})
	}
}
