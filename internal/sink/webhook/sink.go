package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"corallite/internal/clock"
	"corallite/internal/life"
	"corallite/internal/sink/background"
	"corallite/pipeline"
)

// The defaults of Options.
const (
	DefaultQueue   = 256
	DefaultRetries = 5
	DefaultTimeout = 10 * time.Second
	DefaultFlush   = 5 * time.Second
)

// Options of New.
type Options struct {
	// URL is where events go, http or https. ${NAME} in it is an environment variable, taken as it is.
	URL string
	// Headers go with each request, beside Content-Type and User-Agent, which they may replace. ${NAME} in a value is an
	// environment variable.
	Headers map[string][]string
	// Token, when set, is sent as "Authorization: Bearer …".
	Token string
	// TokenEnv and TokenFile name the environment variable or the file that Token is read from, where it is empty.
	TokenEnv, TokenFile string
	// Empty sends also events in which nothing was found.
	Empty bool
	// Queue is how many events may wait; 0: DefaultQueue.
	Queue int
	// Retries is how often an event that could not be sent is tried again; negative: DefaultRetries.
	Retries int
	// Timeout is how long a request may take; 0: DefaultTimeout.
	Timeout time.Duration
	// Flush is how long Close waits for what is not sent yet; negative: DefaultFlush.
	Flush time.Duration

	life.Options

	Clock  clock.Clock    // of the waits between tries; nil: the machine's
	Random func() float64 // from 0 to below 1; nil: the machine's
}

// Sink sends events. It is not Lossless.
type Sink struct {
	background.Reporter
	o      Options
	url    *url.URL
	header http.Header
	client *http.Client
	queue  *background.Queue[message]
}

// message is an event to send.
type message struct {
	body []byte
	item string // what errors call the item
}

// New makes a sink. It sends nothing yet. Its errors do not show the address.
func New(o Options) (*Sink, error) {
	o = o.orDefault()
	if o.Token == "" {
		token, err := Token(o.TokenEnv, o.TokenFile)
		if err != nil {
			return nil, err
		}
		o.Token = token
	}
	s := &Sink{o: o}
	var err error
	if s.url, err = address(o.URL); err != nil {
		return nil, err
	}
	if s.header, err = header(o); err != nil {
		return nil, err
	}
	if err := o.Keys().Check(); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 1
	s.client = &http.Client{Transport: transport, CheckRedirect: mayFollow}
	s.queue = background.New(background.Options[message]{Do: s.send, Parallel: 1, Queue: o.Queue, Lost: s.Lost, Clock: o.Clock})
	return s, nil
}

// Consume has the events sent.
func (s *Sink) Consume(_ context.Context, r pipeline.Report) error {
	if s.queue.Closed() {
		return fmt.Errorf("webhook %s: %w", s.shown(), os.ErrClosed)
	}
	for _, ev := range r.Events {
		if !s.o.Empty && ev.Empty() {
			continue
		}
		body, err := ev.AppendJSON(nil)
		if err != nil {
			return &pipeline.ItemError{Source: ev.Source, Err: fmt.Errorf("webhook %s: %w", s.shown(), err)}
		}
		s.queue.Put(message{body, fmt.Sprintf("%s item %d", ev.Source, ev.Seq)})
	}
	return nil
}

// EventsOnly says that the sink does not look at pictures.
func (*Sink) EventsOnly() {}

// Lossless is false: a source is not held back for a server.
func (s *Sink) Lossless() bool { return false }

// Close waits for what is not sent yet, for as long as Options.Flush says.
func (s *Sink) Close() error {
	s.queue.Close(s.o.Flush)
	s.client.CloseIdleConnections()
	return nil
}

// send sends one event, in as many tries as it may have.
func (s *Sink) send(ctx context.Context, m message) {
	for try := 0; ; try++ {
		err := s.post(ctx, m.body)
		if err == nil {
			return
		}
		var again *retryError
		if ctx.Err() == nil && errors.As(err, &again) && try < s.o.Retries && s.wait(ctx, s.pause(try+1, again.after)) {
			continue
		}
		if ctx.Err() != nil {
			err = fmt.Errorf("not sent before the end of the run: %w", err)
		}
		s.Failed(m.item, fmt.Errorf("webhook %s: %w", s.shown(), err))
		return
	}
}

// wait waits; it says whether ctx goes on.
func (s *Sink) wait(ctx context.Context, d time.Duration) bool {
	passed, stop := s.o.Clock.After(d)
	defer stop()
	select {
	case <-passed:
		return true
	case <-ctx.Done():
		return false
	}
}

// shown is the address as errors may show it.
func (s *Sink) shown() string { return s.url.Scheme + "://" + s.url.Host }
