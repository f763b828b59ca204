package camera

import (
	"image"
	"math"
	"time"
)

// movedCells is where in the picture something moved lately, in cells of the scaled picture, each with the moment until which
// it counts.
type movedCells struct {
	columns, rows int
	until         []time.Duration
	size          image.Point // of the scaled picture
}

const (
	// cellSize is the width and height of a cell in pixels of the scaled picture.
	cellSize = 16
	// cellChanged is how many of a cell's pixels must have changed. Noise that the median leaves is 1 or 2.
	cellChanged = 4
)

// see notes the mask of a scaled picture: not 0 where it differs from the background. Cells around a change count as well:
// what moves is larger than what differs from the background, and will be in one of them.
func (c *movedCells) see(mask []byte, size image.Point, at, hold time.Duration) {
	if size != c.size {
		c.size = size
		c.columns, c.rows = (size.X+cellSize-1)/cellSize, (size.Y+cellSize-1)/cellSize
		c.until = nil
	}
	if c.until == nil {
		c.until = make([]time.Duration, c.columns*c.rows)
		for i := range c.until {
			c.until[i] = math.MinInt64
		}
	}
	counts := make([]int, c.columns*c.rows)
	for y := range size.Y {
		row, line := counts[y/cellSize*c.columns:], mask[y*size.X:(y+1)*size.X]
		for x, v := range line {
			if v != 0 {
				row[x/cellSize]++
			}
		}
	}
	for i, n := range counts {
		if n < cellChanged {
			continue
		}
		x, y := i%c.columns, i/c.columns
		for row := max(0, y-1); row <= min(c.rows-1, y+1); row++ {
			for column := max(0, x-1); column <= min(c.columns-1, x+1); column++ {
				c.until[row*c.columns+column] = at + hold
			}
		}
	}
}

// forget is for a new background.
func (c *movedCells) forget() { c.until = nil }

// areas are the parts of a picture of width × height pixels that count at a moment: runs of cells in a row.
func (c *movedCells) areas(width, height int, at time.Duration) []image.Rectangle {
	var all []image.Rectangle
	scaleX, scaleY := float64(width)/float64(c.size.X), float64(height)/float64(c.size.Y)
	for row := range c.rows {
		for column := 0; column < c.columns; {
			from := column
			for column < c.columns && c.until[row*c.columns+column] >= at {
				column++
			}
			if column == from {
				column++
				continue
			}
			all = append(all, image.Rect(
				int(float64(from*cellSize)*scaleX), int(float64(row*cellSize)*scaleY),
				int(math.Ceil(float64(min(column*cellSize, c.size.X))*scaleX)), int(math.Ceil(float64(min((row+1)*cellSize, c.size.Y))*scaleY)),
			))
		}
	}
	return all
}
