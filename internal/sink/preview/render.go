package preview

import (
	"errors"
	"fmt"
	"image"
	"maps"
	"sync"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/draw"
	"corallite/pipeline"
)

// stillQuality is the JPEG quality of a still, of 100.
const stillQuality = 92

// maxAge is after how many newer snapshots a picture is forgotten that nobody looks at any more.
const maxAge = 100

// errNoPicture is returned for a pipeline without a frame yet, or whose items are not pictures.
var errNoPicture = errors.New("no picture yet")

// picture is an encoded snapshot. It is read-only.
type picture struct {
	n        uint64 // the snapshot's
	meta     pipeline.Meta
	jpeg     []byte
	finished time.Time
}

// renderer draws and encodes snapshots, one at a time, and caches the last picture for each set of hidden parts, so that
// all viewers share it.
type renderer struct {
	width    int
	quality  int
	interval time.Duration // between two pictures
	hidden   draw.Parts    // for everybody

	mu      sync.Mutex // held while drawing and encoding
	painter *draw.Painter
	sheet   gocv.Mat // the frame that is drawn on
	small   gocv.Mat
	jpeg    draw.JPEG
	closed  bool

	keptMu sync.Mutex
	kept   map[draw.Parts]*picture
	stills map[draw.Parts]*picture // in full size
}

func newRenderer(p *draw.Painter, o SinkOptions) renderer {
	return renderer{
		width: o.Width, quality: o.Quality, interval: time.Duration(float64(time.Second) / o.FPS), painter: p, hidden: o.Draw.Hide,
		sheet: gocv.NewMat(), small: gocv.NewMat(), kept: map[draw.Parts]*picture{}, stills: map[draw.Parts]*picture{},
	}
}

// early is how long it is until snapshot n may be drawn with those parts hidden; 0 when it is drawn already.
func (r *renderer) early(look draw.Parts, n uint64, now time.Time) time.Duration {
	r.keptMu.Lock()
	defer r.keptMu.Unlock()
	last := r.kept[look]
	if last == nil || last.n == n {
		return 0
	}
	// A camera's frames do not come exactly in time; a tenth early is in time.
	return last.finished.Add(r.interval * 9 / 10).Sub(now)
}

func (r *renderer) picture(k *Sink, look draw.Parts) (*picture, error) {
	return r.get(k, r.kept, look, r.width, r.quality)
}

func (r *renderer) still(k *Sink, look draw.Parts) (*picture, error) {
	return r.get(k, r.stills, look, 0, stillQuality)
}

// get gives the newest snapshot's picture from kept, or draws and encodes it. After Close it gives the last one that was
// made.
func (r *renderer) get(k *Sink, kept map[draw.Parts]*picture, look draw.Parts, width, quality int) (*picture, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := k.take()
	r.keptMu.Lock()
	last, ended := kept[look], k.isClosed()
	// What a pipeline ended with was made in one look only, and is worth more than an older picture in the wanted one.
	if end := r.kept[0]; s.frame == nil && ended && end != nil && (last == nil || last.n < end.n) {
		last = end
	}
	r.keptMu.Unlock()
	if s.frame == nil {
		switch {
		case last != nil:
			return last, nil
		case ended:
			return nil, errEnded
		default:
			return nil, errNoPicture
		}
	}
	defer s.frame.Release()
	if last != nil && last.n == s.n {
		return last, nil
	}
	if r.closed {
		return nil, errEnded
	}
	p := &picture{n: s.n, meta: *s.frame.Meta()}
	data, err := r.draw(s, look, width, quality)
	if err != nil {
		return nil, fmt.Errorf("preview of %s: %w", k.name, err)
	}
	p.jpeg, p.finished = data, k.server.clock.Now()
	k.encoded.Add(1)
	r.keptMu.Lock()
	defer r.keptMu.Unlock()
	kept[look] = p
	maps.DeleteFunc(kept, func(_ draw.Parts, old *picture) bool { return old.n+maxAge < p.n })
	return p, nil
}

// draw gives the snapshot with what was found as a JPEG, made smaller where it is wider than width; width 0 keeps its size.
func (r *renderer) draw(s snapshot, look draw.Parts, width, quality int) ([]byte, error) {
	draw.Copy(s.frame, &r.sheet)
	r.painter.Hide(r.hidden | look)
	if err := r.painter.Draw(&r.sheet, s.events); err != nil {
		return nil, err
	}
	out := r.sheet
	if width > 0 && out.Cols() > width {
		height := max(1, (out.Rows()*width+out.Cols()/2)/out.Cols())
		gocv.Resize(out, &r.small, image.Pt(width, height), 0, 0, gocv.InterpolationArea)
		out = r.small
	}
	return r.jpeg.Encode(out, quality)
}

// close frees the memory; pictures that were made stay.
func (r *renderer) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	return errors.Join(r.sheet.Close(), r.small.Close(), r.jpeg.Close())
}
