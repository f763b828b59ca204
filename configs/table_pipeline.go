package configs

import (
	"regexp"
	"slices"

	"corallite/internal/key"
	"corallite/internal/parts"
)

// liveSources are the keys of sources that do not end by themselves and cannot be read again.
var liveSources = []string{"camera", "url", "gstreamer", "ffmpeg", "microphone"}

// pipelineKeys are the keys of a pipeline that can name these parts.
func pipelineKeys(all parts.Lists) []*key.Key {
	return []*key.Key{
		{
			Name: "source", Kind: key.KindGroup, OneOf: true, Required: true,
			Doc: "Where pictures or sound come from: exactly one of `images`, `folder`, `video`, `camera`, `url`, `gstreamer`, `ffmpeg`, `microphone` and `sound`, with what belongs to it. A live source (`camera` to `microphone`) that stalls, dies, is unplugged or is not there yet is opened again, for as long as it takes; models that cannot keep up get the newest frame.",
			Keys: slices.Concat([]*key.Key{
				{
					Name: "images", Kind: key.KindStringList, Example: `["holiday/*.jpg", cat.png]`,
					Doc: "Picture files, folders of pictures, or patterns with `*`, `?` and `[a-z]`. Ends after the last.",
				},
				{
					Name: "folder", Kind: key.KindString, Example: "inbox",
					Doc: "A folder that is watched: the pictures in it, then each one that comes. Does not end by itself.",
				},
				{
					Name: "video", Kind: key.KindStringList, Example: "street.mp4",
					Doc: "A video file or a pattern, or several, one after the other. Ends after the last.",
				},
				{
					Name: "camera", Kind: key.KindString, AcceptInt: true, Example: "/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920-video-index0",
					Doc: "A camera of this machine: its number (0 is /dev/video0), its path, or its name or a part of it, as `corallite devices` prints them. A name or a path in /dev/v4l stays the same when the number changes.",
				},
				{
					Name: "url", Kind: key.KindString, Example: "rtsp://192.168.1.20/stream1",
					Doc: "A camera on the network: RTSP, RTMP, SRT, or HTTP with an MJPEG stream or with single pictures. `${NAME}` in it is an environment variable; what is secret belongs there or into the keys below, and is never logged.",
				},
				{
					Name: "gstreamer", Kind: key.KindString, Example: "libcamerasrc ! video/x-raw,width=1280,height=720 ! videoconvert",
					Doc: "A GStreamer pipeline, as gst-launch takes it. `${NAME}` in it is an environment variable, taken as one value (outside of quotation marks) or percent-encoded in an address; what is secret belongs there.",
				},
				{
					Name: "ffmpeg", Kind: key.KindStringList, Example: "[-f, x11grab, -i, ':0']",
					Doc: "Arguments of the program ffmpeg up to its output, for what nothing else here opens. `${NAME}` in them is an environment variable, percent-encoded in an address; what is secret belongs there. While ffmpeg runs, the list of processes shows its arguments with their values: where `url` does, it is safer.",
				},
				{
					Name: "width", Kind: key.KindInteger, Needs: []string{"height"}, Min: key.Limit(16), Max: key.Limit(16384), Example: "1280", Requires: []string{"camera"},
					Doc: "Wanted of a camera, in pixels, together with `height`; the camera takes the nearest that it has.",
				},
				{
					Name: "height", Kind: key.KindInteger, Needs: []string{"width"}, Min: key.Limit(16), Max: key.Limit(16384), Example: "720", Requires: []string{"camera"},
					Doc: "As `width`.",
				},
				{
					Name: "fps", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1000), Example: "30", Requires: []string{"camera"},
					Doc: "Frames a second, wanted of a camera.",
				},
				{
					Name: "pixel_format", Kind: key.KindString, Example: "YUYV", DefaultDoc: "MJPG where the camera has it", Requires: []string{"camera"},
					Pattern: regexp.MustCompile(`^[A-Za-z0-9 ]{4}$`), PatternDoc: "four characters such as MJPG or YUYV",
					Doc: "How the camera is to send its pictures.",
				},
				{
					Name: "interval", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(86400), Example: "5", DefaultDoc: "1", Requires: []string{"url"},
					Doc: "Seconds between two pictures of an address that gives single ones.",
				},
				{
					Name: "user", Kind: key.KindString, Example: "viewer", Requires: []string{"url"},
					Doc: "The name to log in with.",
				},
				{
					Name: "password_env", Kind: key.KindString, Example: "DOOR_PASSWORD", Requires: []string{"url"},
					Doc: "The environment variable that has the password.",
				},
				{
					Name: "password_file", Kind: key.KindString, Excludes: []string{"password_env"}, Example: "/run/secrets/door", Requires: []string{"url"},
					Doc: "The file whose first line is the password.",
				},
				{
					Name: "token_env", Kind: key.KindString, Example: "DOOR_TOKEN", Requires: []string{"url"},
					Doc: "For HTTP: the environment variable that has a bearer token.",
				},
				{
					Name: "any_certificate", Kind: key.KindBoolean, Default: false, Example: "true", Requires: []string{"url"},
					Doc: "Take an https or rtsps address whatever its certificate: many cameras have one that they made themselves.",
				},
				{
					Name: "env", Kind: key.KindStringList, Example: "[LIBVA_DRIVER_NAME]", Requires: []string{"camera", "url", "gstreamer", "ffmpeg"},
					Doc: "Further variables of the environment for the process that reads the source, and for ffmpeg. Without it they get what every program needs, `GST_…`, `OPENCV_…` and the proxies: nothing that is secret.",
				},
				{
					Name: "deadline", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(3600), Example: "20", DefaultDoc: "5 for a camera or microphone, 40 for GStreamer, else 10", Requires: liveSources,
					Doc: "Seconds without a frame after which the source counts as stalled, is ended, and is opened anew.",
				},
			}, soundSourceKeys),
		},
		gateKey,
		{
			Name: "models", Kind: key.KindStringList, Required: true, Example: "[faces]",
			Doc: "Names of models, as under `models`. Each looks at every picture.",
		},
		{
			Pictures: true, Name: "every", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(100000), Default: 1, Example: "5",
			Doc: "Takes each so many-th frame of the source.",
		},
		{
			Pictures: true, Name: "fps", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1000), Example: "5", DefaultDoc: "no limit",
			Doc: "Takes at most so many frames a second, by the times at which they were taken.",
		},
		{
			Pictures: true, Name: "region", Kind: key.KindNumberList, Lengths: []int{4}, Min: key.Limit(0), Max: key.Limit(1), Example: "[0, 0.5, 1, 1]", DefaultDoc: "the whole picture",
			Doc: "The part of the picture that is taken: left, top, right and bottom, from 0 to 1 of its width and height. Results are given in pixels of that part.",
		},
		{
			Pictures: true, Name: "motion", Kind: key.KindGroup, Doc: "Runs the models only while the picture changes: each picture is compared with a background that is learnt from those of the last 20 seconds. Noise and slow changes of the light are none; a lamp that is switched on is one, until it belongs to the background. It comes after `every`, `fps` and `region`: it looks at what these take. What was held back is counted in the summary, in `motion`; the preview shows it all the same. For videos, cameras and watched folders. `motion: {}` takes the defaults.",
			Keys: []*key.Key{
				{
					Name: "area", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1), Default: 0.002, Example: "0.01",
					Doc: "The share of the picture that must differ from the background: 0.002 is a square of 43 pixels in 1280x720.",
				},
				{
					Name: "threshold", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(10000), Default: 16.0, Example: "30",
					Doc: "How much a pixel must differ: its squared distance from the background, in variances of the background (OpenCV's `varThreshold`). Higher where leaves and water move.",
				},
				{
					Name: "hold", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(3600), Default: 2.0, Example: "5",
					Doc: "Seconds for which the models go on after the last change.",
				},
				{
					Name: "width", Kind: key.KindInteger, Min: key.Limit(16), Max: key.Limit(4096), Default: 320, Example: "640",
					Doc: "Pictures are looked at so many pixels wide: more finds smaller things and takes longer.",
				},
				{
					Name: "warm_up", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(3600), Default: 1.0, Example: "3",
					Doc: "Seconds at the beginning in which the models run on everything, because the background is not known yet.",
				},
			},
		},
		{
			Pictures: true, Name: "secondary", FormerNames: []string{"second"}, Kind: key.KindGroup, Doc: "A secondary classifier: a model that classifies each object that a detector of the pipeline finds (`classes` of a detection).",
			Keys: []*key.Key{
				{
					Name: "model", Kind: key.KindString, Example: "names",
					Doc: "The name of a model for `classify`, or for `embed` with a gallery.",
				},
				{
					Name: "after", Kind: key.KindString, Example: "faces", DefaultDoc: "the pipeline's only detector",
					Doc: "The name of the detector.",
				},
				{
					Name: "labels", Kind: key.KindStringList, Example: "[person]", DefaultDoc: "all",
					Doc: "Only objects with these labels are looked at.",
				},
				{
					Name: "margin", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(10), Default: 0.0, Example: "0.1",
					Doc: "What is added to each side of a box, in parts of its width and height.",
				},
				{
					Name: "square", Kind: key.KindBoolean, Default: true, Example: "false",
					Doc: "Whether the part that is looked at is as high as it is wide.",
				},
				{
					Name: "max_boxes", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(1000), Default: 0, Example: "5",
					Doc: "At most so many objects of a picture, those with the highest scores. 0: all.",
				},
			},
		},
		{
			Name: "priority", Kind: key.KindInteger, Min: key.Limit(-100), Max: key.Limit(100), Default: 0, Example: "10",
			Doc: "Where pipelines share an Edge TPU, those with the higher number go first; those with the same share it evenly. None starves.",
		},
		{
			Name: "sinks", Kind: key.KindVariants, Required: true, Keys: sinkKeys(all.Sinks),
			Doc: "Where results go: a list, each element one sink with its keys. No two may write to the same place.",
		},
	}
}
