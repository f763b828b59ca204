package serve

import (
	"cmp"
	"context"
	"time"

	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/internal/serve/frigate"
	"corallite/internal/serve/hub"
	"corallite/internal/web"
)

// DefaultListen is the default of Config.Listen.
const DefaultListen = "127.0.0.1:8090"

// Config is the configuration of the block serve.
type Config struct {
	web.Access
	Public bool // no token is asked for, wherever requests come from
	Models []string

	API, DeepStack, Doods, OIP bool // protocols

	Detector, Scene, FaceDetector, FaceEmbedder, FaceGallery string // of DeepStack
	FaceAlign                                                *bool  // nil: where the embedder takes 112x112 pixels

	Zmq       string // Frigate's detector: its endpoint; "": none
	ZmqModels string // the folder for models that Frigate hands over

	Queue   int
	Timeout time.Duration
	MaxBody int // MiB
}

// About describes the block.
func (c *Config) About() part.AboutService {
	return part.AboutService{Name: "serve", Doc: "Models that answer other programs over HTTP. `serve: {}` offers all models of the configuration by all protocols, to this machine only; `corallite serve` does the same without a configuration. docs/serve.md has the protocols, and how programs are pointed at them."}
}

// Keys are the keys of the block.
func (c *Config) Keys() key.Table {
	access := c.AccessKeys(DefaultListen)
	access.Field("listen").Example("0.0.0.0:32168").
		Doc("The address of the server. Beyond this machine it needs a token, which is made and printed when the program starts, unless `token_env` names one or `open` is true.")
	access.Field("token_env").Excludes("open").
		Doc("The environment variable that holds the token, at least 16 characters. Clients send it as `Authorization: Bearer …`, or by the protocol's own way: DeepStack's `api_key`, doods' header `doods-auth-key`.")
	return append(access,
		key.Bool(&c.Public, "open").Excludes("token_env").Default(false).Example("true").
			Doc("Answers everybody who reaches the address, without a token: for clients that cannot send one, in a network that you trust."),
		key.Strings(&c.Models, "models").DefaultDoc("all").Example("[coco, faces]").
			Doc("Names of models under `models` that answer. Each gets engines of its own, which share devices and weights with those of pipelines."),
		key.Bool(&c.API, "api").Default(true).Example("false").
			Doc("Corallite's own protocol: `POST /v1/detect` and so on, `GET /v1/models`, `GET /v1/events`."),
		key.Bool(&c.DeepStack, "deepstack").Default(true).Example("false").
			Doc("The protocol of DeepStack and CodeProject.AI: `/v1/vision/…`."),
		key.Bool(&c.Doods, "doods").Default(true).Example("false").
			Doc("The protocol of doods2: `/detectors`, `/detect`, `/image`."),
		key.Bool(&c.OIP, "oip").Default(true).Example("false").
			Doc("The Open Inference Protocol v2 (KServe, Triton): `/v2/…`, tensors of any model."),
		key.String(&c.Detector, "detector").DefaultDoc("the first for `detect` that does not only find faces").Example("coco").
			Doc("The model of `/v1/vision/detection`, and doods' detector `default`."),
		key.String(&c.Scene, "scene").DefaultDoc("the first for `classify`").Example("places").
			Doc("The model of `/v1/vision/scene`."),
		key.String(&c.FaceDetector, "face_detector").DefaultDoc("the first for `detect` whose only label is `face`").Example("faces").
			Doc("The model of `/v1/vision/face`."),
		key.String(&c.FaceEmbedder, "face_embedder").Needs("face_gallery").DefaultDoc("the first for `embed` that was trained on faces").Example("facenet").
			Doc("The model for `embed` that tells faces apart, for `/v1/vision/face/recognize`. Its `score_threshold` is the similarity from which on two faces are of one person."),
		key.String(&c.FaceGallery, "face_gallery").Example("people").
			Doc("The folder of known faces, which `/v1/vision/face/register` fills: a sub-folder of pictures for each person. Anybody who may ask can add and delete people. Without it faces are found and not recognized."),
		key.Optional(&c.FaceAlign, "face_align").Needs("face_gallery").DefaultDoc("true for a `face_embedder` that takes 112x112 pixels").Example("false").
			Doc("Turns and scales each face so that eyes, nose and mouth lie where ArcFace, SFace, MobileFaceNet and others learned them, if the detector gives these points. Without it the face's box with 20 % more on each side is cut out, as FaceNet wants it. Pictures in the gallery are taken as they are: register people again after a change."),
		key.String(&c.Zmq, "zmq").Pattern(frigate.EndpointPattern, "an endpoint, such as ipc:///tmp/cache/zmq_detector or tcp://127.0.0.1:5555").Example("ipc:///tmp/cache/zmq_detector").
			Doc("Offers Frigate's `zmq` detector at this endpoint: Corallite is then Frigate's engine. It has no token: who reaches it may use it, and hand over models."),
		key.String(&c.ZmqModels, "zmq_models").Needs("zmq").DefaultDoc("a folder in the cache").Example("frigate").
			Doc("The folder that keeps models which Frigate hands over, by their hash."),
		key.Int(&c.Queue, "queue").Min(1).Max(10000).Default(hub.DefaultQueue).Example("16").
			Doc("How many requests may be in progress. Further ones get status 503 and `Retry-After`."),
		key.Seconds(&c.Timeout, "timeout").Above(0).Max(600).Default(hub.DefaultTimeout).Example("1").
			Doc("Seconds within which a request must be answered. One that cannot be gets status 503 and `Retry-After`, as soon as that is known."),
		key.Int(&c.MaxBody, "max_body").Min(1).Max(512).Default(hub.DefaultMaxBody>>20).Example("8").
			Doc("The maximum size of a request, in MiB."),
	)
}

// RunsAlone is true: a configuration with this block needs no pipeline.
func (c *Config) RunsAlone() bool { return true }

// Open opens the models and binds the address.
func (c *Config) Open(ctx context.Context, env part.ServiceEnv) (part.Server, error) {
	return open(ctx, c.orDefault(), env)
}

// orDefault is the configuration with the defaults of what a program has left out.
func (c *Config) orDefault() *Config {
	o := *c
	o.Listen = cmp.Or(o.Listen, DefaultListen)
	o.MaxBody = cmp.Or(o.MaxBody, hub.DefaultMaxBody>>20)
	return &o
}
