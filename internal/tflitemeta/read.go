package tflitemeta

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"corallite/internal/flatfile"
)

// Entry is the name of a model's metadata entry with its metadata.
const Entry = "TFLITE_METADATA"

// Read reads metadata. Every step is checked; an error wraps [flatfile.ErrNewer] where a newer schema has fields that are not
// known here.
func Read(data []byte) (*Model, error) {
	m := &Model{}
	if _, err := format.Read(data, m); err != nil {
		return nil, fmt.Errorf("its metadata (%s) are damaged: %w", Entry, err)
	}
	return m, nil
}

// Bytes are the metadata as a FlatBuffer.
func (m *Model) Bytes() ([]byte, error) {
	b, err := format.Write(m)
	if err != nil {
		return nil, fmt.Errorf("its metadata: %w", err)
	}
	return b, nil
}

// Main is what is said of the main subgraph; nil: nothing.
func (m *Model) Main() *Subgraph {
	if m == nil || len(m.Subgraphs) == 0 {
		return nil
	}
	return m.Subgraphs[0]
}

// MarshalJSON has the fields by the schema's names, in its order; those that are absent are left out.
func (m *Model) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	err := object(&b, reflect.ValueOf(m).Elem())
	return b.Bytes(), err
}

// object writes a struct.
func object(b *bytes.Buffer, v reflect.Value) error {
	b.WriteByte('{')
	empty := b.Len()
	put := func(name string, value reflect.Value) error {
		if b.Len() > empty {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "%q:", name)
		return element(b, value)
	}
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Tag.Get("json"), v.Field(i)
		if u, ok := f.Interface().(flatfile.Union); ok {
			if u.Tag == 0 {
				continue
			}
			if err := put(name+"_type", reflect.ValueOf(unionName(v.Type(), u.Tag))); err != nil {
				return err
			}
			if u.Table == nil {
				continue
			}
			f = reflect.ValueOf(u.Table)
		}
		if f.IsZero() && f.Kind() != reflect.Uint32 && f.Kind() != reflect.Int32 && f.Kind() != reflect.Float32 {
			continue
		}
		if err := put(name, f); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func element(b *bytes.Buffer, v reflect.Value) error {
	switch {
	case v.Kind() == reflect.Pointer:
		return object(b, v.Elem())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := element(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	}
	value := v.Interface()
	if s, ok := value.(fmt.Stringer); ok {
		value = s.String()
	}
	text, err := json.Marshal(value)
	if err != nil { // a NaN, say
		text, err = json.Marshal(fmt.Sprint(value))
	}
	b.Write(text)
	return err
}

// unionName is the schema's name of a union's member.
func unionName(of reflect.Type, tag uint8) string {
	names := []string{"NormalizationOptions", "ScoreCalibrationOptions", "ScoreThresholdingOptions", "BertTokenizerOptions", "SentencePieceTokenizerOptions", "RegexTokenizerOptions"}
	if of == reflect.TypeFor[Content]() {
		names = []string{"FeatureProperties", "ImageProperties", "BoundingBoxProperties", "AudioProperties"}
	}
	if int(tag) > len(names) {
		return fmt.Sprint(tag)
	}
	return names[tag-1]
}
