package configs

import (
	"regexp"
	"slices"
)

// liveSources are the keys of sources that do not end by themselves and cannot be read again.
var liveSources = []string{"camera", "url", "gstreamer", "ffmpeg", "microphone"}

var pipelineKeys = []*key{
	{
		name: "source", kind: group, oneOf: true, required: true, together: [][]string{{"width", "height"}}, excluding: [][]string{{"password_env", "password_file"}},
		doc: "Where pictures or sound come from: exactly one of `images`, `folder`, `video`, `camera`, `url`, `gstreamer`, `ffmpeg`, `microphone` and `sound`, with what belongs to it. A live source (`camera` to `microphone`) that stalls, dies, is unplugged or is not there yet is opened again, for as long as it takes; models that cannot keep up get the newest frame.",
		keys: slices.Concat([]*key{
			{
				name: "images", kind: texts, example: `["holiday/*.jpg", cat.png]`,
				doc: "Picture files, folders of pictures, or patterns with `*`, `?` and `[a-z]`. Ends after the last.",
			},
			{
				name: "folder", kind: text, example: "inbox",
				doc: "A folder that is watched: the pictures in it, then each one that comes. Does not end by itself.",
			},
			{
				name: "video", kind: texts, example: "street.mp4",
				doc: "A video file or a pattern, or several, one after the other. Ends after the last.",
			},
			{
				name: "camera", kind: text, digits: true, example: "/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920-video-index0",
				doc: "A camera of this machine: its number (0 is /dev/video0), its path, or its name or a part of it, as `corallite devices` prints them. A name or a path in /dev/v4l stays the same when the number changes.",
			},
			{
				name: "url", kind: text, example: "rtsp://192.168.1.20/stream1",
				doc: "A camera on the network: RTSP, RTMP, SRT, or HTTP with an MJPEG stream or with single pictures. `${NAME}` in it is an environment variable; what is secret belongs there or into the keys below, and is never logged.",
			},
			{
				name: "gstreamer", kind: text, example: "libcamerasrc ! video/x-raw,width=1280,height=720 ! videoconvert",
				doc: "A GStreamer pipeline, as gst-launch takes it.",
			},
			{
				name: "ffmpeg", kind: texts, example: "[-f, x11grab, -i, ':0']",
				doc: "Arguments of the program ffmpeg up to its output, for what nothing else here opens.",
			},
			{
				name: "width", kind: whole, min: limit(16), max: limit(16384), example: "1280", with: []string{"camera"},
				doc: "Wanted of a camera, in pixels, together with `height`; the camera takes the nearest that it has.",
			},
			{
				name: "height", kind: whole, min: limit(16), max: limit(16384), example: "720", with: []string{"camera"},
				doc: "As `width`.",
			},
			{
				name: "fps", kind: number, above: limit(0), max: limit(1000), example: "30", with: []string{"camera"},
				doc: "Frames a second, wanted of a camera.",
			},
			{
				name: "pixel_format", kind: text, example: "YUYV", defDoc: "MJPG where the camera has it", with: []string{"camera"},
				pattern: regexp.MustCompile(`^[A-Za-z0-9 ]{4}$`), looks: "four characters such as MJPG or YUYV",
				doc: "How the camera is to send its pictures.",
			},
			{
				name: "interval", kind: number, above: limit(0), max: limit(86400), example: "5", defDoc: "1", with: []string{"url"},
				doc: "Seconds between two pictures of an address that gives single ones.",
			},
			{
				name: "user", kind: text, example: "viewer", with: []string{"url"},
				doc: "The name to log in with.",
			},
			{
				name: "password_env", kind: text, example: "DOOR_PASSWORD", with: []string{"url"},
				doc: "The environment variable that has the password.",
			},
			{
				name: "password_file", kind: text, example: "/run/secrets/door", with: []string{"url"},
				doc: "The file whose first line is the password.",
			},
			{
				name: "token_env", kind: text, example: "DOOR_TOKEN", with: []string{"url"},
				doc: "For HTTP: the environment variable that has a bearer token.",
			},
			{
				name: "any_certificate", kind: boolean, def: false, example: "true", with: []string{"url"},
				doc: "Take an https or rtsps address whatever its certificate: many cameras have one that they made themselves.",
			},
			{
				name: "env", kind: texts, example: "[LIBVA_DRIVER_NAME]", with: []string{"camera", "url", "gstreamer", "ffmpeg"},
				doc: "Further variables of the environment for the process that reads the source, and for ffmpeg. Without it they get what every program needs, `GST_…`, `OPENCV_…` and the proxies: nothing that is secret.",
			},
			{
				name: "deadline", kind: number, above: limit(0), max: limit(3600), example: "20", defDoc: "5 for a camera, else 10", with: liveSources,
				doc: "Seconds without a frame after which the source counts as stalled, is ended, and is opened anew.",
			},
		}, soundSourceKeys),
	},
	gateKey,
	{
		name: "models", kind: texts, required: true, example: "[faces]",
		doc: "Names of models, as under `models`. Each looks at every picture.",
	},
	{
		pictures: true, name: "every", kind: whole, min: limit(1), max: limit(100000), def: 1, example: "5",
		doc: "Takes each so many-th frame of the source.",
	},
	{
		pictures: true, name: "fps", kind: number, above: limit(0), max: limit(1000), example: "5", defDoc: "no limit",
		doc: "Takes at most so many frames a second, by the times at which they were taken.",
	},
	{
		pictures: true, name: "region", kind: numbers, lengths: []int{4}, min: limit(0), max: limit(1), example: "[0, 0.5, 1, 1]", defDoc: "the whole picture",
		doc: "The part of the picture that is taken: left, top, right and bottom, from 0 to 1 of its width and height. Results are given in pixels of that part.",
	},
	{
		pictures: true, name: "motion", kind: group, doc: "Runs the models only while the picture changes: each picture is compared with a background that is learnt from those of the last 20 seconds. Noise and slow changes of the light are none; a lamp that is switched on is one, until it belongs to the background. It comes after `every`, `fps` and `region`: it looks at what these take. What was held back is counted in the summary, in `motion`; the preview shows it all the same. For videos, cameras and watched folders. `motion: {}` takes the defaults.",
		keys: []*key{
			{
				name: "area", kind: number, above: limit(0), max: limit(1), def: 0.002, example: "0.01",
				doc: "The share of the picture that must differ from the background: 0.002 is a square of 43 pixels in 1280x720.",
			},
			{
				name: "threshold", kind: number, above: limit(0), max: limit(10000), def: 16.0, example: "30",
				doc: "How much a pixel must differ: its squared distance from the background, in variances of the background (OpenCV's `varThreshold`). Higher where leaves and water move.",
			},
			{
				name: "hold", kind: number, min: limit(0), max: limit(3600), def: 2.0, example: "5",
				doc: "Seconds for which the models go on after the last change.",
			},
			{
				name: "width", kind: whole, min: limit(16), max: limit(4096), def: 320, example: "640",
				doc: "Pictures are looked at so many pixels wide: more finds smaller things and takes longer.",
			},
			{
				name: "warm_up", kind: number, min: limit(0), max: limit(3600), def: 1.0, example: "3",
				doc: "Seconds at the beginning in which the models run on everything, because the background is not known yet.",
			},
		},
	},
	{
		pictures: true, name: "second", kind: group, doc: "A second model that looks at each object that a detector of the pipeline has found, and says in the event what it shows (`classes` of a detection).",
		keys: []*key{
			{
				name: "model", kind: text, example: "names",
				doc: "The name of a model for `classify`, or for `embed` with a gallery.",
			},
			{
				name: "after", kind: text, example: "faces", defDoc: "the pipeline's only detector",
				doc: "The name of the detector.",
			},
			{
				name: "labels", kind: texts, example: "[person]", defDoc: "all",
				doc: "Only objects with these labels are looked at.",
			},
			{
				name: "margin", kind: number, min: limit(0), max: limit(10), def: 0.0, example: "0.1",
				doc: "What is added to each side of a box, in parts of its width and height.",
			},
			{
				name: "square", kind: boolean, def: true, example: "false",
				doc: "Whether the part that is looked at is as high as it is wide.",
			},
			{
				name: "max_boxes", kind: whole, min: limit(0), max: limit(1000), def: 0, example: "5",
				doc: "At most so many objects of a picture, those with the highest scores. 0: all.",
			},
		},
	},
	{
		name: "priority", kind: whole, min: limit(-100), max: limit(100), def: 0, example: "10",
		doc: "Where pipelines share an Edge TPU, those with the higher number go first; those with the same share it evenly. None starves.",
	},
	{
		name: "sinks", kind: variants, required: true, keys: sinkKeys,
		doc: "Where results go: a list, each element one sink with its keys. No two may write to the same place.",
	},
}
