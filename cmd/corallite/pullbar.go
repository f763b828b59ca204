package main

import (
	"fmt"

	"github.com/schollz/progressbar/v3"

	"corallite/models"
)

// pullBar shows how far a pull is, on a terminal only: a bar for a file whose bytes come, a line for what takes its time
// without any.
type pullBar struct {
	status *status
	file   string
	total  int64
	bar    *progressbar.ProgressBar // nil: none is shown
}

func (b *pullBar) show(p models.Progress) {
	if b.status.terminal == nil {
		return
	}
	if p.Note != "" {
		b.clear()
		b.status.note(p.Model + ": " + p.Note)
		return
	}
	if p.Total < 0 { // no bar can be drawn of a part of nobody knows what
		b.clear()
		b.status.note(fmt.Sprintf("%s: %s, %s", p.Model, p.File, models.Bytes(p.Done)))
		return
	}
	if b.bar == nil || p.File != b.file || p.Total != b.total {
		b.clear()
		b.file, b.total, b.bar = p.File, p.Total, progressbar.NewOptions64(p.Total, progressbar.OptionSetWriter(b.status.terminal),
			progressbar.OptionSetDescription(p.File), progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(20))
	}
	_ = b.bar.Set64(p.Done) // fails only past the end, which a wrong size of the server's can bring
}

func (b *pullBar) clear() {
	b.status.note("")
	if b.bar != nil {
		_ = b.bar.Clear() // there is nobody to tell that the terminal is gone
		b.bar = nil
	}
}
