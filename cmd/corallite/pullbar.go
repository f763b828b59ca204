package main

import (
	"fmt"
	"strings"
	"time"

	"corallite/internal/terminal"
	"corallite/models"
)

const (
	barWidth   = 20
	leastName  = 12                     // columns of a file's name on a narrow terminal
	rateSpan   = 3 * time.Second        // the rate is that of the last bytes
	leastSpan  = 500 * time.Millisecond // in less than that no rate can be told: a copy on the disk takes no time
	drawnEvery = 100 * time.Millisecond
)

// pullBar shows how far a pull is, on a terminal only: a bar for a file whose bytes come, a line for what takes its time
// without any.
type pullBar struct {
	status *status
	now    func() time.Time // nil: time.Now

	file  string
	seen  []bytesAt // of the file, of the last rateSpan
	drawn time.Time
}

type bytesAt struct {
	at   time.Time
	done int64
}

func (b *pullBar) show(p models.Progress) {
	if b.status.silent() {
		return
	}
	if p.Note != "" {
		b.file = ""
		b.status.note(p.Model + ": " + p.Note)
		return
	}
	now := time.Now()
	if b.now != nil {
		now = b.now()
	}
	if p.File != b.file {
		b.file, b.seen, b.drawn = p.File, nil, time.Time{}
	}
	b.seen = append(b.seen, bytesAt{now, p.Done})
	for len(b.seen) > 2 && now.Sub(b.seen[1].at) >= rateSpan {
		b.seen = b.seen[1:]
	}
	if now.Sub(b.drawn) < drawnEvery && p.Done != p.Total {
		b.seen = b.seen[:max(1, len(b.seen)-1)] // a call for each packet would be many
		return
	}
	b.drawn = now
	b.status.note(b.text(p, terminal.Width(b.status.terminal)))
}

// rate is how many bytes come in a second; 0: it cannot be told.
func (b *pullBar) rate() float64 {
	first, last := b.seen[0], b.seen[len(b.seen)-1]
	span := last.at.Sub(first.at)
	if span < leastSpan || last.done <= first.done {
		return 0
	}
	return float64(last.done-first.done) / span.Seconds()
}

// text is the line for a terminal of so many columns; 0: nobody knows. What does not fit is left out: first the bar,
// then a part of the name.
func (b *pullBar) text(p models.Progress, width int) string {
	numbers := models.Bytes(p.Done)
	share := 0.0
	if p.Total > 0 {
		share = min(1, float64(p.Done)/float64(p.Total))
		numbers = fmt.Sprintf("%3.0f%% of %s", 100*share, models.Bytes(p.Total))
	}
	if rate := b.rate(); rate > 0 {
		numbers += fmt.Sprintf(", %s/s", models.Bytes(int64(rate)))
		if left := p.Total - p.Done; left > 0 {
			numbers += ", " + timeLeft(time.Duration(float64(left)/rate*float64(time.Second)))
		}
	}
	name, bar := terminal.Printable(p.File), ""
	if p.Total < 0 {
		name = p.Model + ": " + name + ","
	}
	if p.Total > 0 {
		full := int(share * barWidth)
		bar = " [" + strings.Repeat("=", full) + strings.Repeat(" ", barWidth-full) + "]"
	}
	if width == 0 {
		return name + bar + " " + numbers
	}
	room := width - 1 - len(" ") - terminal.Columns(numbers)
	if terminal.Columns(name)+len(bar) > room {
		bar = ""
	}
	if terminal.Columns(name) > room {
		name = strings.TrimRight(terminal.KeepEnd(name, max(room, leastName)), " ")
	}
	return name + bar + " " + numbers
}

func (b *pullBar) clear() {
	b.file = ""
	b.status.note("")
}
