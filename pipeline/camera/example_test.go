package camera_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"log"
	"os"
	"path/filepath"

	"corallite/pipeline/camera"
)

// The pictures of a folder, one after another.
func ExampleNewPictures() {
	folder, err := os.MkdirTemp("", "pictures")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	file, err := os.Create(filepath.Join(folder, "black.png"))
	if err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(png.Encode(file, image.NewGray(image.Rect(0, 0, 64, 48))), file.Close()); err != nil {
		log.Fatal(err)
	}

	pictures, err := camera.NewPictures(folder)
	if err != nil {
		log.Fatal(err)
	}
	defer pictures.Close()
	for {
		frame, err := pictures.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(filepath.Base(frame.Meta().Source), frame.Width(), frame.Height())
		frame.Release()
	}
	// Output: black.png 64 48
}
