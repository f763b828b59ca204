package configs

import "testing"

func TestFlag(t *testing.T) {
	threads, threshold := FlagOf("models", "threads"), FlagOf("models", "score_threshold")
	listen := FlagOf("pipelines", "sinks", "preview", "listen")
	for _, c := range []struct {
		flag Flag
		text string
		want any // nil: it is refused
	}{
		{threads, "0", 0}, {threads, "256", 256}, {threads, "257", nil}, {threads, "-1", nil}, {threads, "99999", nil}, {threads, "2.5", nil},
		{threads, "", nil}, {threads, "many", nil}, {threads, "99999999999999999999", nil}, {threads, "[1]", nil},
		{threshold, "0.5", 0.5}, {threshold, "1", 1.0}, {threshold, "1.01", nil}, {threshold, ".nan", nil}, {threshold, "NaN", nil}, {threshold, "1e400", nil},
		{listen, "127.0.0.1:8080", "127.0.0.1:8080"}, {listen, "[::1]:65535", "[::1]:65535"}, {listen, ":0", ":0"},
		{listen, "127.0.0.1:65536", nil}, {listen, "127.0.0.1:99999", nil}, {listen, "127.0.0.1", nil}, {listen, "8080", nil},
		{FlagOf("models", "max_results"), "-1", nil}, {FlagOf("models", "engines"), "65", nil},
		{FlagOf("pipelines", "source", "rate"), "999", nil}, {FlagOf("pipelines", "source", "channels"), "65", nil},
	} {
		got, err := c.flag.Parse(c.text)
		if got != c.want || (err == nil) != (c.want != nil) {
			t.Errorf("%s %q: %v (%v), want %v", c.flag.key.Name, c.text, got, err, c.want)
		}
	}
}
