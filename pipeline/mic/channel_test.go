package mic

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/mic/internal/backend"
	"corallite/pipeline/mic/internal/backend/backendtest"
)

// turns puts the samples of channels in turn.
func turns(channels ...[]int16) (out []int16) {
	for i := range channels[0] {
		for _, c := range channels {
			out = append(out, c[i])
		}
	}
	return out
}

func scaled(samples []int16, by float64) []int16 {
	out := make([]int16, len(samples))
	for i, s := range samples {
		out[i] = int16(math.Round(by * float64(s)))
	}
	return out
}

// channelOf is what a source of files gives of a channel, and what it logs.
func channelOf(t *testing.T, channel string, paths ...string) (all []heard, failed []*pipeline.ItemError, log *logged) {
	t.Helper()
	log = new(logged)
	s, err := NewFiles(FilesOptions{Paths: paths, Rate: 16000, Channel: channel, Logger: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	all, failed = listen(t, s)
	return all, failed, log
}

// TestChannel takes each channel of three, and their mean, of a WAVE file and of one that ffmpeg's libraries read.
func TestChannel(t *testing.T) {
	a, b, c := tone(16000, 16000, 300, 0.5), tone(16000, 16000, 700, 0.3), tone(16000, 16000, 1100, 0.2)
	mean := make([]int16, len(a))
	for i := range a {
		mean[i] = integer(float32((float64(a[i]) + float64(b[i]) + float64(c[i])) / 3 / 32768))
	}
	wav := file(t, "three.wav", plain(16000, 3, turns(a, b, c)...))
	for _, path := range []string{wav, converted(t, wav, "three.flac")} {
		for channel, want := range map[string][]int16{"": mean, "mix": mean, "left": a, "right": b, "1": a, "2": b, "3": c} {
			all, failed, log := channelOf(t, channel, path)
			if len(all) != 1 || len(failed) != 0 {
				t.Fatalf("%s, channel %q: %d recordings, %v", path, channel, len(all), failed)
			}
			for i, s := range all[0].samples {
				if s != want[i] {
					t.Errorf("%s, channel %q: sample %d is %d, not %d", path, channel, i, s, want[i])
					break
				}
			}
			if log.count("level=WARN") != 0 {
				t.Errorf("%s, channel %q: %s", path, channel, log)
			}
		}
		all, failed, _ := channelOf(t, "4", path)
		if len(all) != 0 || len(failed) != 1 || !strings.Contains(failed[0].Error(), "channel 4 is wanted, but the sound has 3 channels") {
			t.Errorf("%s, channel 4: %v, %v", path, all, failed)
		}
	}
}

// TestChannelOfOne: a recording of one channel has a left one and no right one.
func TestChannelOfOne(t *testing.T) {
	path := file(t, "one.wav", plain(16000, 1, 1, 2, 3))
	if all, failed, _ := channelOf(t, "left", path); len(all) != 1 || len(failed) != 0 || len(all[0].samples) != 3 {
		t.Errorf("left: %v, %v", all, failed)
	}
	if all, failed, _ := channelOf(t, "right", path); len(all) != 0 || len(failed) != 1 || !strings.Contains(failed[0].Error(), "has 1 channel (") {
		t.Errorf("right: %v, %v", all, failed)
	}
	for _, bad := range []string{"0", "-1", "257", "middle", "1.5", "Left"} {
		if _, err := NewFiles(FilesOptions{Paths: []string{path}, Rate: 16000, Channel: bad}); err == nil || !strings.Contains(err.Error(), "invalid channel") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestNaNOfAnotherChannel: what is not heard need not be sound.
func TestNaNOfAnotherChannel(t *testing.T) {
	m := made{id: "RIFF", code: 3, channels: 2, rate: 16000, bits: 32, container: 4}
	m.data = []byte("\x00\x00\x00\x3f\x00\x00\xc0\x7f\x00\x00\x80\x3e\x00\x00\x00\x00") // 0.5 NaN 0.25 0
	path := file(t, "nan.wav", m.bytes())
	if all, failed, _ := channelOf(t, "1", path); len(failed) != 0 || len(all) != 1 || len(all[0].samples) != 2 || all[0].samples[1] != 8192 {
		t.Errorf("channel 1: %v, %v", all, failed)
	}
	for _, channel := range []string{"mix", "2"} {
		if all, failed, _ := channelOf(t, channel, path); len(failed) != 1 || len(all) != 0 {
			t.Errorf("channel %s: %v, %v", channel, all, failed)
		}
	}
}

// TestCancelling: channels in antiphase are reported once, and neither those of stereo sound nor a silent one.
func TestCancelling(t *testing.T) {
	a, b := tone(64000, 16000, 300, 0.5), tone(64000, 16000, 700, 0.5)
	silent := make([]int16, len(a))
	brief := scaled(a, 1)
	copy(brief[20000:30000], scaled(a[20000:30000], -1))
	for name, c := range map[string]struct {
		channels [][]int16
		warns    bool
	}{
		"antiphase": {[][]int16{a, scaled(a, -1)}, true}, "nearly": {[][]int16{a, scaled(a, -0.8)}, true}, "one louder": {[][]int16{a, scaled(a, -0.3)}, false},
		"the same": {[][]int16{a, a}, false}, "different": {[][]int16{a, b}, false}, "one silent": {[][]int16{a, silent}, false},
		"six, one of them loud": {[][]int16{silent, silent, a, silent, silent, silent}, false}, "four in pairs": {[][]int16{a, scaled(a, -1), b, scaled(b, -1)}, true},
		"all silent": {[][]int16{silent, silent}, false}, "noise of one bit": {[][]int16{scaled(a, 1./20000), scaled(a, -1./20000)}, false},
		"for a moment": {[][]int16{a, brief}, false}, "short": {[][]int16{a[:8000], scaled(a[:8000], -1)}, true},
	} {
		path := file(t, "x.wav", plain(16000, len(c.channels), turns(c.channels...)...))
		again := file(t, "y.wav", plain(16000, len(c.channels), turns(c.channels...)...))
		_, failed, log := channelOf(t, "", path, again)
		want := 0
		if c.warns {
			want = 1
		}
		if got := log.count("the channels cancel each other out"); len(failed) != 0 || got != want || want == 1 && log.count("source="+path) != 1 {
			t.Errorf("%s: %d warnings, not %d: %s %v", name, got, want, log, failed)
		}
		if _, _, log := channelOf(t, "left", path); log.count("level=WARN") != 0 {
			t.Errorf("%s, left alone: %s", name, log)
		}
	}
}

func TestCancellingPCM(t *testing.T) {
	a := tone(64000, 16000, 300, 0.5)
	b := raw(turns(a, scaled(a, -1))...)
	for channel, want := range map[string]int{"": 1, "right": 0} {
		log := new(logged)
		all, failed := listen(t, pcm(t, PCMOptions{Reader: strings.NewReader(string(b)), Channels: 2, Channel: channel, Logger: log.logger()}))
		if len(failed) != 0 || len(all) != 1 || log.count("the channels cancel each other out") != want {
			t.Errorf("channel %q: %v %v %s", channel, len(all), failed, log)
		}
		if channel == "right" && all[0].samples[100] != -a[100] {
			t.Errorf("sample 100 of the right channel is %d, not %d", all[0].samples[100], -a[100])
		}
	}
	_, failed := listen(t, pcm(t, PCMOptions{Reader: strings.NewReader(string(b)), Channels: 2, Channel: "3"}))
	if len(failed) != 1 || !strings.Contains(failed[0].Error(), "channel 3 is wanted, but the sound has 2 channels") {
		t.Errorf("channel 3: %v", failed)
	}
}

// TestMicrophoneChannel: the channel of a microphone, one that it does not have, and two that cancel each other out.
func TestMicrophoneChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system := backendtest.New(16000, 2, desk)
		system.PlayChannels(func(i int64, channel int) int16 {
			if channel == 0 {
				return count(i)
			}
			return -count(i) - 1
		})
		l, log := microphone(t, MicrophoneOptions{Backends: []backend.Backend{system}, Channel: "right"})
		c := nextChunk(t, l)
		if c.Samples[100] != -count(100)-1 {
			t.Errorf("sample 100 is %d", c.Samples[100])
		}
		c.Release()
		if log.count("level=WARN") != 0 {
			t.Error(log)
		}
		l, log = microphone(t, MicrophoneOptions{Backends: []backend.Backend{system}})
		for range 1000 { // ten seconds
			nextChunk(t, l).Release()
		}
		if log.count("the channels cancel each other out") != 1 || log.count("level=WARN") != 1 {
			t.Error(log)
		}
		_, err := NewMicrophone(t.Context(), MicrophoneOptions{Backends: []backend.Backend{system}, Channel: "3", Rate: 16000, Deadline: time.Second})
		if err == nil || !strings.Contains(err.Error(), "channel 3 is wanted, but the sound has 2 channels") {
			t.Errorf("channel 3: %v", err)
		}
	})
}
