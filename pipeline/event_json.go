package pipeline

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// timeLayout is RFC 3339 with exactly three decimals, so that lines sort as text.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON writes the event as one object, with the time in UTC to the millisecond, scores to four decimals and
// coordinates to a tenth of a pixel. The field of a finding is present even if it is empty. A number
// that is not finite, which JSON cannot represent, becomes null (in the position and the latencies: 0).
func (e Event) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// AppendJSON appends what MarshalJSON writes to b, with <, > and & as they are, and no line feed.
func (e Event) AppendJSON(b []byte) ([]byte, error) {
	e.PositionS = round(e.PositionS, 3)
	if math.IsNaN(e.PositionS) || math.IsInf(e.PositionS, 0) {
		e.PositionS = 0
	}
	w := bytes.NewBuffer(b)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	found := e.Result
	e.Result = Result{} // omits its fields
	type fields Event   // without the methods, so that this is not called again
	if err := enc.Encode(struct {
		Time string `json:"time"` // precedes and hides the one in fields
		fields
	}{e.Time.UTC().Format(timeLayout), fields(e)}); err != nil {
		return b, err
	}
	for f := range found.Findings() {
		w.Truncate(w.Len() - len("}\n"))
		key, err := appendString(append(w.AvailableBuffer(), ','), f.Kind().Key)
		if err != nil {
			return b, err
		}
		w.Write(append(key, ':'))
		if err := enc.Encode(f); err != nil {
			return b, err
		}
		w.Truncate(w.Len() - len("\n"))
		w.WriteString("}\n")
	}
	w.Truncate(w.Len() - len("\n"))
	return w.Bytes(), nil
}

// MarshalJSON writes milliseconds with microsecond resolution: {"prepare":0.2,"invoke":7.3,"decode":0.02,"total":8.1}.
func (l Latency) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 80)
	b = appendFloat(append(b, `{"prepare":`...), Milliseconds(l.Prepare), 3)
	b = appendFloat(append(b, `,"invoke":`...), Milliseconds(l.Invoke), 3)
	b = appendFloat(append(b, `,"decode":`...), Milliseconds(l.Decode), 3)
	b = appendFloat(append(b, `,"total":`...), Milliseconds(l.Total), 3)
	return append(b, '}'), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *Latency) UnmarshalJSON(b []byte) error {
	var ms struct{ Prepare, Invoke, Decode, Total float64 }
	if err := json.Unmarshal(b, &ms); err != nil {
		return err
	}
	*l = Latency{Prepare: fromMS(ms.Prepare), Invoke: fromMS(ms.Invoke), Decode: fromMS(ms.Decode), Total: fromMS(ms.Total)}
	return nil
}

func fromMS(ms float64) time.Duration { return time.Duration(math.Round(ms*1e3)) * time.Microsecond }

// Milliseconds is d in milliseconds, rounded to microseconds.
func Milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)/time.Microsecond) / 1e3
}

func appendScore(b []byte, x float32) []byte { return appendFloat(b, float64(x), 4) }
func appendPixel(b []byte, x float32) []byte { return appendFloat(b, float64(x), 1) }

// appendFloat writes x with at most that many decimals, or null if JSON cannot represent it.
func appendFloat(b []byte, x float64, decimals int) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(b, "null"...)
	}
	x = round(x, decimals)
	if x == 0 {
		x = 0 // no minus sign
	}
	return strconv.AppendFloat(b, x, 'f', -1, 64)
}

// appendString writes s quoted, with <, > and & as they are.
func appendString(b []byte, s string) ([]byte, error) {
	if plainASCII(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"'), nil
	}
	w := bytes.NewBuffer(b)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(w.Bytes(), []byte("\n")), nil
}

// plainASCII reports whether s needs no escaping in JSON: true for most labels, and cheaper than an encoder.
func plainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
