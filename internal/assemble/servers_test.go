package assemble

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"corallite/configs"
	"corallite/internal/devicepool"
	"corallite/internal/sink/preview"
	"corallite/internal/testdata"
	"corallite/internal/web"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// TestPreviewWithMotion has a page show what no model sees.
func TestPreviewWithMotion(t *testing.T) {
	files, err := camera.NewFiles(testdata.Path(t, "video/vtest.avi"))
	if err != nil {
		t.Fatal(err)
	}
	motion := camera.DefaultMotion()
	source, err := camera.NewSelect(files, camera.SelectOptions{Region: [4]float64{0, 0, 0.2, 0.2}, Motion: &motion})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	const listen = "127.0.0.1:0"
	tpus, err := devicepool.New(t.Context(), devicepool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tpus.Close()
	b := NewBuilder(&configs.Config{}, Options{Pool: tpus, Console: LogConsole(slog.New(slog.DiscardHandler))})
	defer b.Close()
	plan := &visionPlan{basePlan: newBasePlan[*vision.Frame](b, "corner", configs.Pipeline{Sinks: []configs.Sink{&preview.Config{Access: web.Access{Listen: listen}}}})}
	plan.Source = source
	if err := plan.openLastSinks(); err != nil {
		t.Fatal(err)
	}
	defer plan.Sinks[0].Sink.Close()
	ctx, cancel := context.WithCancel(t.Context())
	held := 0
	source.OnHeld(func(*vision.Frame) {
		if held++; held == 30 {
			cancel()
		}
	})
	for ctx.Err() == nil {
		f, err := source.Next(ctx)
		if err == nil {
			f.Release()
		} else if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	got := b.servers.byName["preview "+listen].(interface{ Status() preview.Status }).Status().Pipelines[0]
	if !got.Picture || got.State != "running" || got.Frames != 0 || got.Held == 0 || got.HeldShare < 0.5 || !got.Still {
		t.Errorf("%+v", got)
	}
}
