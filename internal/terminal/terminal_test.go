package terminal

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

func printed(t *testing.T, width, indent int, rows ...[]string) string {
	t.Helper()
	table := Table{Width: width, Indent: indent}
	for _, row := range rows {
		table.Row(row...)
	}
	var out bytes.Buffer
	if err := table.Print(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var catalogRows = [][]string{
	{"NAME", "TASK", "SIZE", "WHAT IT IS"},
	{"face_front", "detect", "229 kB", "faces and six key points near a front camera"},
	{"alexa", "wakeword", "-", "a word"},
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		name  string
		width int
		want  string
	}{
		{"no limit", 0, `
NAME        TASK      SIZE    WHAT IT IS
face_front  detect    229 kB  faces and six key points near a front camera
alexa       wakeword  -       a word
`},
		{"last cells wrapped", 56, `
NAME        TASK      SIZE    WHAT IT IS
face_front  detect    229 kB  faces and six key points
                              near a front camera
alexa       wakeword  -       a word
`},
		{"two columns and the rest under them", 24, `
NAME        TASK
    SIZE; WHAT IT IS
face_front  detect
    229 kB; faces and
    six key points near
    a front camera
alexa       wakeword
    -; a word
`},
	} {
		if got := printed(t, c.width, 0, catalogRows...); got != c.want[1:] {
			t.Errorf("%s: got\n%swant%s", c.name, got, c.want)
		}
	}
}

// TestTableKeepsAll checks at every width that no line is wider and that nothing is lost.
func TestTableKeepsAll(t *testing.T) {
	rows := [][]string{
		{"ok", "camera", "/dev/video0", "犬猫の写真を撮るカメラ, and words"},
		{"problem", "edgetpu", "", strings.Repeat("a_very_long_word_without_a_space", 4)},
		{"only one cell"}, {"", "\x1b[31mred", "x"}, {},
	}
	bare := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(" ;\n", r) {
				return -1
			}
			return r
		}, s)
	}
	want := bare(printed(t, 0, 2, rows...))
	for width := minWidth; width < 200; width++ {
		got := printed(t, width, 2, rows...)
		for line := range strings.Lines(got) {
			if n := Columns(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("a line of %d columns at width %d:\n%s", n, width, got)
			}
		}
		if bare(got) != want {
			t.Errorf("something was lost at width %d:\n%s", width, got)
		}
		if strings.ContainsRune(got, '\x1b') {
			t.Errorf("a control character reached the terminal: %q", got)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one two three", 0, []string{"one two three"}},
		{"one two three", 7, []string{"one two", "three"}},
		{"one two three", 8, []string{"one two", "three"}},
		{"abcdefghij k", 4, []string{"abcd", "efgh", "ij k"}},
		{"犬猫鳥", 4, []string{"犬猫", "鳥"}},
		{"犬", 1, []string{"犬"}},
	} {
		if got := Wrap(c.text, c.width); !slices.Equal(got, c.want) {
			t.Errorf("%q at %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

func TestKeep(t *testing.T) {
	for _, c := range []struct{ text, start, end string }{
		{"abc", "abc  ", "abc  "},
		{"abcdefg", "abcd…", "…defg"},
		{"犬猫鳥", "犬猫…", "…猫鳥"},
		{"a犬猫鳥", "a犬… ", "…猫鳥"},
	} {
		if got := KeepStart(c.text, 5); got != c.start {
			t.Errorf("the start of %q: %q, want %q", c.text, got, c.start)
		}
		if got := KeepEnd(c.text, 5); got != c.end {
			t.Errorf("the end of %q: %q, want %q", c.text, got, c.end)
		}
	}
}

// TestWidthOfNoTerminal checks that COLUMNS does not narrow what goes into a file or a pipe.
func TestWidthOfNoTerminal(t *testing.T) {
	t.Setenv("COLUMNS", "40")
	f, err := os.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if w := Width(f); w != 0 || Is(f) || Redraws(f) {
		t.Errorf("a file is a terminal of %d columns", w)
	}
	if w := Width(&bytes.Buffer{}); w != 0 {
		t.Errorf("a buffer has %d columns", w)
	}
}
