package assemble

import (
	"errors"
	"fmt"
	"time"

	"corallite/configs"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// openSource opens a source and says how many items it gives at most; 0: many, or nobody knows.
func (b *Builder) openSource(c configs.Source) (pipeline.Source[*vision.Frame], int, error) {
	switch {
	case c.Live():
		o, err := liveOptions(c)
		if err != nil {
			return nil, 0, err
		}
		o.Logger, o.Required = b.Logger, b.Required
		l, err := camera.NewLive(b.waiting, o)
		return l, 0, err
	case c.Folder != "":
		w, err := camera.NewWatch(c.Folder, camera.WatchOptions{Existing: true})
		return w, 0, err
	case len(c.Video) > 0:
		f, err := camera.NewFiles(c.Video...)
		switch {
		case err != nil:
			return nil, 0, err
		case f.Still(): // pictures, which a command line does not tell from videos
			return f, f.Len(), nil
		case b.RealTime:
			return camera.NewPaced(f, nil), 0, nil
		}
		return f, 0, nil
	default:
		f, err := camera.NewPictures(c.Images...)
		if err != nil {
			return nil, 0, err
		}
		n := f.Stats().Total
		return f, n, nil
	}
}

// liveOptions are a live source's options, with its secrets fetched.
func liveOptions(c configs.Source) (camera.LiveOptions, error) {
	o := camera.LiveOptions{
		Camera: c.Camera, URL: c.URL, GStreamer: c.GStreamer, FFmpeg: c.FFmpeg,
		Width: c.Width, Height: c.Height, FPS: c.FPS, PixelFormat: c.PixelFormat,
		Interval: seconds(c.Interval), Deadline: seconds(c.Deadline), AnyCertificate: c.AnyCertificate,
		Credentials: camera.Credentials{User: c.User}, Env: c.Env,
	}
	for _, secret := range []struct {
		key, kind, from string
		to              *string
	}{
		{"password_env", "env:", c.PasswordEnv, &o.Credentials.Password},
		{"password_file", "file:", c.PasswordFile, &o.Credentials.Password},
		{"token_env", "env:", c.TokenEnv, &o.Credentials.Token},
	} {
		if secret.from == "" {
			continue
		}
		value, err := camera.Secret(secret.kind + secret.from)
		if err != nil {
			return o, fmt.Errorf("source: %s: %w", secret.key, err)
		}
		*secret.to = value
	}
	return o, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// moves says whether a source gives videos.
func moves(source pipeline.Source[*vision.Frame]) bool {
	if s, ok := source.(*camera.Select); ok {
		source = s.Source()
	}
	f, ok := source.(*camera.Files)
	return ok && !f.Still() || source.Live()
}

// selectFrom opens a pipeline's source, and takes from it what the pipeline wants.
func (b *Builder) selectFrom(p configs.Pipeline) (pipeline.Source[*vision.Frame], int, error) {
	source, items, err := b.openSource(p.Source)
	o := camera.SelectOptions{Every: p.Every, FPS: p.FPS}
	copy(o.Region[:], p.Region)
	if m := p.Motion; m != nil {
		o.Motion = &camera.MotionOptions{
			Area: m.Area, Threshold: m.Threshold, Hold: seconds(m.Hold), Width: m.Width, WarmUp: seconds(m.WarmUp),
		}
	}
	if err != nil || p.Every <= 1 && p.FPS == 0 && len(p.Region) == 0 && p.Motion == nil {
		return source, items, err
	}
	s, err := camera.NewSelect(source, o)
	if err != nil {
		return nil, 0, errors.Join(err, source.Close())
	}
	return s, items, nil
}
