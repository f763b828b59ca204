package schema_test

import (
	"errors"
	"strings"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
)

func TestPosenetOptions(t *testing.T) {
	m, _ := read(t, "posenet_mobilenet_v1_075_353_481_16_quant_decoder")
	o, err := schema.ReadPosenetOptions(m.Main().Find(schema.PosenetOp).CustomOptions)
	if want := (schema.PosenetOptions{MaxDetections: 20, Stride: 16, ScoreThreshold: 0.2, NMSRadius: 10}); err != nil || o != want {
		t.Errorf("%+v, %v", o, err)
	}
	// A whole number will do for a real one.
	o, err = schema.ReadPosenetOptions(modeltest.PosenetOptions(map[string]any{"nms_radius": 7, "more": "unread"}))
	if want := (schema.PosenetOptions{MaxDetections: 20, Stride: 16, ScoreThreshold: 0.2, NMSRadius: 7}); err != nil || o != want {
		t.Errorf("%+v, %v", o, err)
	}
	// Each byte at every value, and cut off: nothing may panic.
	b := modeltest.PosenetOptions(nil)
	for i, old := range b {
		for v := range 256 {
			b[i] = byte(v)
			if o, err := schema.ReadPosenetOptions(b); err == nil && (o.MaxDetections < 1 || o.MaxDetections > 1000 || o.Stride < 1) {
				t.Errorf("byte %d is %d: %+v", i, v, o)
			}
		}
		b[i] = old
		if _, err := schema.ReadPosenetOptions(b[:i]); err == nil {
			t.Errorf("%d bytes of %d were accepted", i, len(b))
		}
	}
}

func TestPosenetRefused(t *testing.T) {
	if err := schema.Verify(modeltest.Posenet(3, 4, modeltest.PosenetOptions(nil)).Bytes()); err != nil {
		t.Fatal(err)
	}
	shaped := func(i int, shape ...int) func(g *modeltest.Subgraph) {
		return func(g *modeltest.Subgraph) { g.Tensors[i].Shape = shape }
	}
	typed := func(i int, kind tensor.Type) func(g *modeltest.Subgraph) {
		return func(g *modeltest.Subgraph) { g.Tensors[i].Type = kind }
	}
	for want, c := range map[string]struct {
		options []byte
		change  func(g *modeltest.Subgraph)
	}{
		"broken FlexBuffer":                           {options: []byte("no options")},
		"max_detections is missing":                   {options: modeltest.PosenetOptions(map[string]any{"max_detections": nil})},
		"max_detections is missing or not an integer": {options: modeltest.PosenetOptions(map[string]any{"max_detections": 2.5})},
		"max_detections is 0":                         {options: modeltest.PosenetOptions(map[string]any{"max_detections": 0})},
		"max_detections is 1e+09":                     {options: modeltest.PosenetOptions(map[string]any{"max_detections": 1_000_000_000})},
		"stride is -1":                                {options: modeltest.PosenetOptions(map[string]any{"stride": -1})},
		"score_threshold is 1.5":                      {options: modeltest.PosenetOptions(map[string]any{"score_threshold": 1.5})},
		"nms_radius is missing or not a number":       {options: modeltest.PosenetOptions(map[string]any{"nms_radius": "ten"})},
		"2 inputs and 4 outputs":                      {change: func(g *modeltest.Subgraph) { g.Operators[0].Inputs = []int32{0, 1} }},
		"none omitted":                                {change: func(g *modeltest.Subgraph) { g.Operators[0].Inputs = []int32{0, 1, -1} }},
		"heat map of shape [1,3,4,16]":                {change: shaped(0, 1, 3, 4, 16)},
		"short offsets [1,3,5,34]":                    {change: shaped(1, 1, 3, 5, 34)},
		"mid offsets [3,4,64]":                        {change: shaped(2, 3, 4, 64)},
		"heat map of 300 × 300 cells": {change: func(g *modeltest.Subgraph) {
			for i, c := range []int{17, 34, 64} {
				g.Tensors[i].Shape = []int{1, 300, 300, c}
			}
		}},
		`input "mid" is int32`:                                 {change: typed(2, tensor.Int32)},
		`input "mid" must have exactly one quantization scale`: {change: typed(2, tensor.UInt8)},
		`output "count" is int32`:                              {change: typed(6, tensor.Int32)},
	} {
		if c.options == nil {
			c.options = modeltest.PosenetOptions(nil)
		}
		m := modeltest.Posenet(3, 4, c.options)
		if c.change != nil {
			c.change(&m.Subgraphs[0])
		}
		err := schema.Verify(m.Bytes())
		if !errors.Is(err, schema.ErrInvalid) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), schema.PosenetOp) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
