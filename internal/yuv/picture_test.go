package yuv

import (
	"strings"
	"testing"
)

func TestIn(t *testing.T) {
	for _, c := range []struct {
		layout        Layout
		width, height int
		sizes         [3]int
	}{
		{I420, 5, 3, [3]int{15, 6, 6}},
		{I422, 5, 3, [3]int{15, 9, 9}},
		{I444, 5, 3, [3]int{15, 15, 15}},
		{NV12, 5, 3, [3]int{15, 12, 0}},
		{Gray, 5, 3, [3]int{15, 0, 0}},
		{I420, 1, 1, [3]int{1, 1, 1}},
	} {
		n := c.sizes[0] + c.sizes[1] + c.sizes[2]
		if got := Bytes(c.layout, c.width, c.height); got != n {
			t.Errorf("%v: %d bytes, want %d", c.layout, got, n)
		}
		p, err := In(make([]byte, n), c.layout, c.width, c.height)
		if err != nil {
			t.Fatal(err)
		}
		for i, plane := range p.Data {
			if len(plane) != c.sizes[i] {
				t.Errorf("%v: plane %d has %d bytes, want %d", c.layout, i, len(plane), c.sizes[i])
			}
		}
		if err := p.Check(); err != nil {
			t.Error(err)
		}
		if _, err := In(make([]byte, n-1), c.layout, c.width, c.height); err == nil {
			t.Errorf("%v: no error for memory that is too small", c.layout)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*Picture)
	}{
		{"unknown layout of planes layout(9)", func(p *Picture) { p.Layout = 9 }},
		{"unknown colour matrix matrix(7)", func(p *Picture) { p.Matrix = 7 }},
		{"invalid picture size 0x4", func(p *Picture) { p.Width = 0 }},
		{"invalid picture size 6x-4", func(p *Picture) { p.Height = -4 }},
		{"invalid picture size 1073741824x4", func(p *Picture) { p.Width = 1 << 30 }},
		{"plane 0 of I420 6x4: rows of 6 bytes are 5 bytes apart", func(p *Picture) { p.Stride[0] = 5 }},
		{"plane 2 of I420 6x4: rows of 3 bytes are -3 bytes apart", func(p *Picture) { p.Stride[2] = -3 }},
		{"rows are 1099511627776 bytes apart", func(p *Picture) { p.Stride[2] = 1 << 40 }},
		{"plane 1 of I420 6x4 has 5 bytes, want 6", func(p *Picture) { p.Data[1] = p.Data[1][:5] }},
		{"plane 0 of I420 6x4 has 0 bytes, want 24", func(p *Picture) { p.Data[0] = nil }},
	} {
		p, err := In(make([]byte, 36), I420, 6, 4)
		if err != nil {
			t.Fatal(err)
		}
		c.change(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	for _, size := range [][2]int{{0, 1}, {1, -1}, {1 << 20, 1 << 20}} {
		if _, err := In(make([]byte, 100), I420, size[0], size[1]); err == nil {
			t.Errorf("no error for %dx%d", size[0], size[1])
		}
	}
	if _, err := In(make([]byte, 100), 9, 2, 2); err == nil {
		t.Error("no error for an unknown layout")
	}
}
