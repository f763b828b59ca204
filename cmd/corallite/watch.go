package main

import (
	"log/slog"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/environ"
	"corallite/internal/sink/preview"
	"corallite/internal/track"
	"corallite/internal/web"
	"corallite/pipeline/camera"
)

// watchModel is the default of `watch`: it needs no Edge TPU, and its checksum is known.
const watchModel = "ssd_mobilenet_v1_coco_quant"

// watch is a camera on a page, without a configuration.
type watch struct {
	std       *streams
	model     modelFlags
	listen    string
	noBrowser bool
}

func newWatch(std *streams) *cobra.Command {
	w := &watch{std: std, model: modelFlags{ModelSpec: configs.ModelSpec{Task: configs.TaskDetect, Ref: watchModel}}, listen: "127.0.0.1:8080"}
	cmd := &cobra.Command{
		Use:   "watch [flags] [SOURCE]",
		Short: "Show a camera with live detections in the browser",
		Long: `Runs a model on a camera and shows the results on a page in the browser, without a configuration. SOURCE is a camera's
number, path or name (see: corallite devices), the address of a network camera, or a video file; the default is the
first camera. A video plays at its own pace, and its page stays available after the end. Press Ctrl-C to quit. The model
must be in the cache: corallite models pull ` + watchModel + `

A password in an address is visible in the list of processes. Use an environment variable, ${NAME}, instead, in single
quotes so that the shell does not expand it.

By default the page is reachable from this machine only. With --listen on another address, others can open it with the
token that is printed.`,
		Example: `  corallite watch
  corallite watch --model face_detection_full_range rtsp://192.168.1.20/stream1
  corallite watch 'rtsp://viewer:${DOOR_PASSWORD}@192.168.1.20/stream1'`,
		Args: atMostOne("SOURCE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return w.run(cmd, append(args, "0")[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&w.model.Ref, "model", w.model.Ref, "detection model: name in the catalog, or path of a .tflite file")
	flags.StringVar(&w.model.LabelsFile, "labels", "", "label file, one label per line")
	w.model.add(cmd, nil, configs.TaskDetect)
	addKeyFlag(flags, &w.listen, "listen", "address of the page: host and port", "pipelines", "sinks", "preview", "listen")
	flags.BoolVar(&w.noBrowser, "no-browser", false, "do not open the browser")
	_ = cmd.RegisterFlagCompletionFunc("model", modelsFor(configs.TaskDetect))
	cmd.ValidArgsFunction = watchSources
	_ = cmd.MarkFlagFilename("labels", "txt")
	return cmd
}

func (w *watch) run(cmd *cobra.Command, source string) error {
	if err := w.model.check(); err != nil {
		return err
	}
	logger, err := newLogger(w.std.err, logSettings{})
	if err != nil {
		return err
	}
	name, m, err := w.model.find()
	if err != nil {
		return err
	}
	if configs.HasSecret(source) {
		w.std.err.Say(slog.LevelWarn, "everyone on this machine can see the password in the list of processes; "+
			"put it in an environment variable and write '${NAME}' instead, in single quotes: 'rtsp://viewer:${DOOR_PASSWORD}@192.168.1.20/stream1'")
	}
	m.Track = configs.Default[track.Options]()
	p := configs.Pipeline{Source: sourceOf(source), Models: []string{name}, Sinks: []configs.Sink{
		&preview.Config{Access: web.Access{Listen: w.listen}},
	}}
	cfg := configs.One("watch", p, map[string]configs.Model{name: m})
	o := w.std.run(logger)
	o.Required, o.RealTime, o.KeepPreviews = true, true, true
	if !w.noBrowser {
		o.OnPreview = openBrowser // whose arguments the list of processes shows, so that it gets no token
	}
	sum, err := app.Run(cmd.Context(), cfg, o)
	sum.Log(logger, cfg.PipelineNames())
	return reported(sum, err)
}

// sourceOf is what a SOURCE of the command line means.
func sourceOf(s string) configs.Source {
	if strings.Contains(s, "://") {
		return &camera.URLConfig{URL: s}
	}
	if info, err := os.Stat(s); err == nil && info.Mode().IsRegular() {
		return &camera.VideoConfig{Video: []string{s}}
	}
	return &camera.DeviceConfig{Camera: s}
}

// openBrowser opens a page where there is a desktop. Where it cannot, the address was printed.
func openBrowser(url string) {
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return
	}
	open := exec.Command("xdg-open", url)
	open.Env = environ.Pick("BROWSER", "DESKTOP_*", "SESSION_MANAGER", "GNOME_*", "KDE_*", "QT_*", "GTK_*", "GDK_*", "MOZ_*")
	if err := open.Start(); err != nil {
		return
	}
	go func() { _ = open.Wait() }() // it ends when the browser has the address
}
