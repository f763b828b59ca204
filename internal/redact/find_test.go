package redact

import (
	"fmt"
	"slices"
	"testing"
)

func TestFind(t *testing.T) {
	arguments := func(args ...string) []Secret { return InArguments(args) }
	for name, c := range map[string]struct {
		got  []Secret
		want []string
	}{
		"password":             {InAddress("rtsp://anna:hunter2@10.0.0.2/live"), []string{`a password: hunter2`}},
		"odd password":         {InAddress("rtsp://anna:hun/ter2@10.0.0.2/live"), []string{`a password: hun/ter2`}},
		"query":                {InAddress("srt://10.0.0.2:9000?mode=caller&passphrase=hunter2#x"), []string{`the value of "passphrase": hunter2`}},
		"both":                 {InAddress("http://a:b@h/?access_token=c"), []string{`a password: b`, `the value of "access_token": c`}},
		"a user only":          {InAddress("http://anna@h/x?kind=1"), nil},
		"a port":               {InAddress("http://h:8080/x@2"), nil},
		"ffmpeg address":       {arguments("-f", "concat", "-i", "rtsp://anna:hunter2@h/1"), []string{`a password: hunter2`}},
		"ffmpeg addresses":     {arguments("-i", "concat:http://a:b@h/1|http://c:d@h/2"), []string{`a password: b`, `a password: d`}},
		"ffmpeg options":       {arguments("-password", "x", "-passphrase", "y", "-decryption_key", "z", "-i", "in.mp4"), []string{`the value of -password: x`, `the value of -passphrase: y`, `the value of -decryption_key: z`}},
		"ffmpeg headers":       {arguments("-headers", "Accept: text/plain\r\nAuthorization: Basic aHVudGVyMg==\r\nX-Api-Key: k", "-i", "http://h/"), []string{`the value of "Authorization": Basic aHVudGVyMg==`, `the value of "X-Api-Key": k`}},
		"ffmpeg cookies":       {arguments("-cookies", "sid=1", "-i", "http://h/"), []string{`the value of -cookies: sid=1`}},
		"ffmpeg proxy":         {arguments("-http_proxy", "http://a:b@proxy:3128", "-i", "http://h/"), []string{`a password: b`}},
		"ffmpeg without":       {arguments("-f", "lavfi", "-i", "testsrc,chromakey=green,colorkey=0x00ff00", "-keyint_min", "3", "-vf", "token=1"), nil},
		"command address":      {InCommand([]string{"curl", "https://a:b@h/x", "https://h/?token=c"}), []string{`a password: b`, `the value of "token": c`}},
		"command header":       {InCommand([]string{"curl", "-H", "Authorization: Bearer b", "-H", "X-Api-Key: c", "-d", `{"key": 1}`}), []string{`the value of "Authorization": Bearer b`, `the value of "X-Api-Key": c`}},
		"command of a shell":   {InCommand([]string{"sh", "-c", `curl -H "Authorization: Bearer $TOKEN" "https://a:${PASSWORD}@h/"`}), nil},
		"GStreamer address":    {InPipeline("rtspsrc location=rtsp://a:b@h/1 latency=0 ! decodebin ! videoconvert"), []string{`a password: b`}},
		"GStreamer quoted":     {InPipeline(`uridecodebin uri="rtsp://a:b@h/1" ! videoconvert`), []string{`a password: b`}},
		"GStreamer property":   {InPipeline(`rtspsrc location=rtsp://h/1 user-id=a user-pw=b proxy-pw = "c d" ! x`), []string{`the value of "user-pw": b`, `the value of "proxy-pw": c d`}},
		"GStreamer passphrase": {InPipeline(`srtsrc uri=srt://h:1 passphrase=b`), []string{`the value of "passphrase": b`}},
		"GStreamer headers":    {InPipeline(`souphttpsrc location=http://h/ extra-headers="x,Authorization=(string)Basic\ b"`), []string{`the value of "Authorization": Basic\ b`}},
		"GStreamer caps":       {InPipeline(`udpsrc caps="application/x-srtp,payload=96" ! x264enc key-int-max=30 ! video/x-raw,width=1280`), nil},
	} {
		var got []string
		for _, s := range c.got {
			got = append(got, fmt.Sprintf("%s: %s", s.What, s.Value))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
