package mqtt

import (
	"errors"
	"image"
	"log/slog"
	"sync"

	"gocv.io/x/gocv"

	"corallite/internal/draw"
	"corallite/pipeline"
)

// jpegQuality is that of published pictures, of 100.
const jpegQuality = 75

// drawing is a picture to draw, encode and publish.
type drawing struct {
	frame  draw.Frame
	events []pipeline.Event
	topics []string // where it goes
	retain bool
}

// pictures draws on a goroutine of its own: of each topic the newest drawing, one after the other. It holds one frame for
// each topic at most.
type pictures struct {
	link   *Link
	height int
	log    *slog.Logger

	mu      sync.Mutex
	waiting map[string]drawing // by the first topic
	order   []string
	wake    chan struct{}
	closed  bool
	busy    sync.WaitGroup

	painter *draw.Painter
	sheet   gocv.Mat
	small   gocv.Mat
	encoder draw.JPEG
	trouble string
}

func newPictures(link *Link, height int, log *slog.Logger) (*pictures, error) {
	painter, err := draw.New(draw.Options{})
	if err != nil {
		return nil, err
	}
	p := &pictures{
		link: link, height: height, log: log, waiting: map[string]drawing{}, wake: make(chan struct{}, 1),
		painter: painter, sheet: gocv.NewMat(), small: gocv.NewMat(),
	}
	p.busy.Go(p.serve)
	return p, nil
}

// put has a picture drawn. It keeps the frame for that.
func (p *pictures) put(d drawing) {
	d.frame.Retain()
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		d.frame.Release()
		return
	}
	old, is := p.waiting[d.topics[0]]
	p.waiting[d.topics[0]] = d
	if !is {
		p.order = append(p.order, d.topics[0])
	}
	p.mu.Unlock()
	if is {
		old.frame.Release()
	}
	wake(p.wake)
}

// serve draws until close, and then what still waits.
func (p *pictures) serve() {
	for {
		p.mu.Lock()
		var d drawing
		if len(p.order) > 0 {
			d = p.waiting[p.order[0]]
			delete(p.waiting, p.order[0])
			p.order = p.order[1:]
		}
		closed := p.closed
		p.mu.Unlock()
		switch {
		case d.frame != nil:
			p.draw(d)
		case closed:
			return
		default:
			<-p.wake
		}
	}
}

func (p *pictures) draw(d drawing) {
	defer d.frame.Release()
	data, err := p.jpeg(d)
	if err != nil {
		if text := err.Error(); text != p.trouble {
			p.trouble = text
			p.log.Warn("mqtt: no picture", "error", err)
		}
		return
	}
	for _, topic := range d.topics {
		p.link.set(topic, data, 0, d.retain)
	}
}

func (p *pictures) jpeg(d drawing) ([]byte, error) {
	draw.Copy(d.frame, &p.sheet)
	if err := p.painter.Draw(&p.sheet, d.events); err != nil {
		return nil, err
	}
	out := p.sheet
	if out.Rows() > p.height {
		width := max(1, (out.Cols()*p.height+out.Rows()/2)/out.Rows())
		gocv.Resize(out, &p.small, image.Pt(width, p.height), 0, 0, gocv.InterpolationArea)
		out = p.small
	}
	return p.encoder.Encode(out, jpegQuality)
}

// close draws what waits, and frees all. Twice is safe.
func (p *pictures) close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.mu.Unlock()
	wake(p.wake)
	p.busy.Wait()
	return errors.Join(p.encoder.Close(), p.sheet.Close(), p.small.Close())
}
