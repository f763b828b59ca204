package corallite

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"corallite/pipeline"
)

// Client asks a server: `corallite serve`, or a configuration with the block serve. It may be used by several goroutines
// at once.
type Client struct {
	Address string       // "http://127.0.0.1:8090"
	Token   string       // of the server; "": it asks for none
	HTTP    *http.Client // nil: http.DefaultClient
}

// Question is what a Client wants. The zero value is what the server's configuration says.
type Question struct {
	Model          string   // "": the server's first for the task
	ScoreThreshold float64  // what has a lower score is left out; 0: the model's own; below 0: nothing is
	MaxResults     int      // the best so many; 0: the model's own
	Labels         []string // only these; empty: all
	Source         string   // what the event has as its source
}

// BusyError is a server that has too many requests.
type BusyError struct {
	After time.Duration // when to try again
	Why   string
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("the server is too busy (try again in %v): %s", e.After, e.Why)
}

// Listen is the task of Client.Ask for recordings: whatever model for sound the Question names, or the server's first.
const Listen = "listen"

// Ask sends a picture, a file's bytes, and gives what a model for the task (Detect, Classify, Segment, Pose or Embed)
// finds; or a recording and what a model hears, for the task Listen. A server that is too busy is a *BusyError.
func (c *Client) Ask(ctx context.Context, task string, file []byte, q Question) (pipeline.Event, error) {
	query := url.Values{}
	set := func(key, value string) {
		if value != "" {
			query.Set(key, value)
		}
	}
	set("model", q.Model)
	set("labels", strings.Join(q.Labels, ","))
	set("source", q.Source)
	if q.ScoreThreshold != 0 {
		set("score_threshold", strconv.FormatFloat(max(q.ScoreThreshold, 0), 'g', -1, 64))
	}
	if q.MaxResults != 0 {
		set("max_results", strconv.Itoa(max(q.MaxResults, 0)))
	}
	resp, err := c.do(ctx, http.MethodPost, "/v1/"+task, query, file)
	if err != nil {
		return pipeline.Event{}, err
	}
	defer resp.Body.Close()
	line, err := io.ReadAll(resp.Body)
	if err != nil {
		return pipeline.Event{}, fmt.Errorf("corallite: %s: %w", c.Address, err)
	}
	return pipeline.ReadEvent(line)
}

// Events gives the events of the server's pipelines and requests as they come, until ctx ends, the server does, or the
// loop is left. Empty names are all.
func (c *Client) Events(ctx context.Context, pipelineName, model string) iter.Seq2[pipeline.Event, error] {
	return func(yield func(pipeline.Event, error) bool) {
		resp, err := c.do(ctx, http.MethodGet, "/v1/events", url.Values{"pipeline": {pipelineName}, "model": {model}}, nil)
		if err != nil {
			yield(pipeline.Event{}, err)
			return
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 64<<20) // a mask is long
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			if !ok {
				continue
			}
			if e, err := pipeline.ReadEvent(data); !yield(e, err) {
				return
			}
		}
		if err := lines.Err(); err != nil && ctx.Err() == nil {
			yield(pipeline.Event{}, fmt.Errorf("corallite: %s: %w", c.Address, err))
		}
	}
}

// do sends a request. An answer that is no success is an error with what the server says.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Address, "/")+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("corallite: %w", err)
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("corallite: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("corallite: %s: %w", c.Address, err)
	}
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(text, &said) != nil || said.Error == "" {
		said.Error = strings.TrimSpace(string(text))
	}
	if resp.StatusCode == http.StatusServiceUnavailable {
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil {
			seconds = 1
		}
		return nil, &BusyError{time.Duration(seconds) * time.Second, said.Error}
	}
	return nil, fmt.Errorf("corallite: %s%s: status %d: %s", c.Address, path, resp.StatusCode, said.Error)
}
