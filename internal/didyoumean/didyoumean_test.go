package didyoumean

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"threads", "threads", 0}, {"thread", "threads", 1},
		{"theards", "threads", 2}, {"fps", "fsp", 1}, {"kitten", "sitting", 3}, {"müll", "mull", 1}, {"ca", "abc", 3},
	} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	keys := []string{"m", "images", "folder", "video", "score_threshold"}
	for word, want := range map[string]string{
		"image": "images", "mm": "m", "n": "", "M": "m", "Video": "video", "vidoe": "video", "score_treshold": "score_threshold",
		"threshold": "", "camera": "", "": "", "x": "", "f": "",
	} {
		if got := Suggest(word, keys); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", word, got, want)
		}
	}
}
