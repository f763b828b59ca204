package isolate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"
)

// A child's log records and its reason for ending are written to its normal output, so that the order is kept: each is
// a line that starts with ASCII's record separator (as in RFC 7464) and a letter. Any other line was printed by a C
// library.
const (
	recordMark = '\x1e'
	recordLog  = 'l' // a record in the format of slog.JSONHandler
	recordEnd  = 'e' // a JSON string: why the child ends
)

// recordWriter adds the mark to each record. A record is one write, which a pipe keeps whole up to 4 KiB.
type recordWriter struct {
	to     io.Writer
	letter byte
}

func (w recordWriter) Write(record []byte) (int, error) {
	if _, err := w.to.Write(append([]byte{recordMark, w.letter}, record...)); err != nil {
		return 0, err
	}
	return len(record), nil
}

// newRecordHandler is the child's slog handler.
func newRecordHandler(level slog.Level) slog.Handler {
	return slog.NewJSONHandler(recordWriter{os.NewFile(childOutput, "parent's log"), recordLog}, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			// A number would lose its unit.
			if a.Value.Kind() == slog.KindDuration {
				return slog.String(a.Key, a.Value.Duration().String())
			}
			return a
		},
	})
}

// sayEnd tells the parent why the child ends.
func sayEnd(why error) {
	text, _ := json.Marshal(why.Error())                                // marshalling a string cannot fail
	_, _ = recordWriter{os.Stderr, recordEnd}.Write(append(text, '\n')) // there is nobody left to tell
}

// lowestLevel is the lowest slog level that a logger accepts.
func lowestLevel(l *slog.Logger) slog.Level {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn} {
		if l != nil && l.Enabled(context.Background(), level) {
			return level
		}
	}
	return slog.LevelError
}

// parseRecord parses the output of slog.JSONHandler.
func parseRecord(line []byte) (slog.Record, error) {
	var first struct {
		Time  time.Time
		Level slog.Level
		Msg   string
	}
	if err := json.Unmarshal(line, &first); err != nil {
		return slog.Record{}, err
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	attrs, err := parseGroup(d)
	if err != nil {
		return slog.Record{}, err
	}
	r := slog.NewRecord(first.Time, first.Level, first.Msg, 0)
	for _, a := range attrs {
		switch a.Key {
		case slog.TimeKey, slog.LevelKey, slog.MessageKey:
		default:
			r.AddAttrs(a)
		}
	}
	return r, nil
}

// parseGroup parses an object into attributes in order, which a map would lose.
func parseGroup(d *json.Decoder) ([]slog.Attr, error) {
	if _, err := d.Token(); err != nil { // the opening brace
		return nil, err
	}
	var attrs []slog.Attr
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("a key is %v", key)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, err
		}
		value, err := parseValue(raw)
		if err != nil {
			return nil, err
		}
		attrs = append(attrs, slog.Attr{Key: name, Value: value})
	}
	return attrs, nil
}

func parseValue(raw json.RawMessage) (slog.Value, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if len(raw) > 0 && raw[0] == '{' {
		attrs, err := parseGroup(d)
		return slog.GroupValue(attrs...), err
	}
	var v any
	if err := d.Decode(&v); err != nil {
		return slog.Value{}, err
	}
	number, ok := v.(json.Number)
	if !ok {
		return slog.AnyValue(v), nil
	}
	if i, err := number.Int64(); err == nil && !strings.ContainsAny(number.String(), ".eE") {
		return slog.Int64Value(i), nil
	}
	f, err := number.Float64()
	return slog.Float64Value(f), err
}
