package mqtt

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/internal/redact"
)

// The styles of topics.
const (
	StyleOwn     = "corallite"
	StyleFrigate = "frigate"
)

// Defaults of Broker.
const (
	DefaultPrefix = "corallite"
	DefaultQueue  = 1000
	DefaultFlush  = 5 * time.Second
)

// Broker is the configuration of the block mqtt: the connection of a program to a broker.
type Broker struct {
	URL          string // mqtt://host, mqtts://host; ${NAME} is an environment variable
	User         string // likewise
	PasswordEnv  string
	PasswordFile string
	CA           string // PEM file; "": the system's
	Cert, Key    string // PEM files
	ClientID     string // "": the host's name
	Prefix       string // of all topics; "": the style's name
	Style        string // StyleOwn or StyleFrigate
	Home         *Home  // Home Assistant's discovery; nil: none
	Queue        int    // events that may wait
	Flush        time.Duration
	State        string // file; "": in the usual folder
}

// Home is the configuration of Home Assistant's discovery.
type Home struct {
	Prefix   string
	ObjectID bool
}

// Keys are the keys of the discovery.
func (h *Home) Keys() key.Table {
	return key.Table{
		key.String(&h.Prefix, "prefix").Default("homeassistant").Pattern(topicPattern(), topicLooks).Example("ha").
			Doc("Home Assistant's discovery prefix."),
		key.Bool(&h.ObjectID, "object_id").Default(false).Example("true").
			Doc("Also says the names of entities in the way of Home Assistant before 2025.10 (`object_id`), about which newer ones warn."),
	}
}

var (
	brokerPattern = regexp.MustCompile(`^((?i:mqtts?|wss?)://.+|.*\$\{[A-Za-z_][A-Za-z0-9_]*\}.*)$`)
	clientPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// topicPattern is compiled when it is needed: it counts characters, which makes it large.
var topicPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[^+#/$][^+#]{0,199}$`) })

const topicLooks = "a topic without + and #"

// About describes the block.
func (b *Broker) About() part.AboutService {
	return part.AboutService{Name: "mqtt", Doc: "The connection to an MQTT broker, for the sink `mqtt` of pipelines. The broker must speak MQTT 5 (Mosquitto since 1.6, EMQX, HiveMQ, NanoMQ, VerneMQ, Home Assistant's add-on): one that speaks 3.1.1 only is refused with that reason. A broker that cannot be reached is tried again, and nothing waits for it. docs/integrations.md has the topics and payloads."}
}

// Keys are the keys of the block.
func (b *Broker) Keys() key.Table {
	return key.Table{
		key.String(&b.URL, "url").Required().Secret().Pattern(brokerPattern, "an address such as mqtt://host, mqtts://host:8883 or wss://host/mqtt").
			Example("mqtts://broker.lan").Doc("The broker's address: `mqtt://` (port 1883) or, over TLS, `mqtts://` (port 8883), or that of its WebSocket: `ws://` (port 80, path `/mqtt`) and `wss://` (port 443). `${NAME}` in it is an environment variable."),
		key.String(&b.User, "user").Example("corallite").
			Doc("The user. `${NAME}` in it is an environment variable."),
		key.String(&b.PasswordEnv, "password_env").Example("MQTT_PASSWORD").
			Doc("The environment variable that holds the password."),
		key.String(&b.PasswordFile, "password_file").Excludes("password_env").Example("/run/secrets/mqtt").
			Doc("The file that holds it."),
		key.String(&b.CA, "ca").DefaultDoc("the system's").Example("/etc/corallite/ca.pem").
			Doc("The certificates (PEM) of the authorities that may vouch for the broker. Only with `mqtts://` and `wss://`."),
		key.String(&b.Cert, "cert").Needs("key").Example("client.pem").
			Doc("The certificate (PEM) that the broker is shown."),
		key.String(&b.Key, "key").Needs("cert").Example("client.key").
			Doc("Its private key (PEM)."),
		key.String(&b.ClientID, "client_id").Pattern(clientPattern, "up to 64 letters, digits, - and _").DefaultDoc("`corallite-` and the machine's name").Example("corallite-garage").
			Doc("The name of the connection, which no other may have: the broker ends the older one. Home Assistant knows the devices by it."),
		key.String(&b.Prefix, "prefix").DefaultDoc("`corallite`, with `style: frigate` `frigate`").Pattern(topicPattern(), topicLooks).Example("garage/corallite").
			Doc("What all topics begin with."),
		key.String(&b.Style, "style").Choices(StyleOwn, StyleFrigate).Default(StyleOwn).Example("frigate").
			Doc("`frigate` also publishes `available`, `events`, counts, snapshots and switches in Frigate's form, for automations and programs that know it."),
		key.OptionalGroup(&b.Home, "homeassistant").Switch().Example("true").
			Doc("Makes devices and entities in Home Assistant by MQTT discovery: one device for each pipeline and one for the program."),
		key.Int(&b.Queue, "queue").Min(1).Max(1000000).Default(DefaultQueue).Example("10000").
			Doc("How many events may wait for the broker, of at most 64 MiB together. When there are more, the oldest is lost, counted and logged. Those that have waited for 10 seconds are also in a file beside `state`."),
		key.Seconds(&b.Flush, "flush").Min(0).Max(3600).Default(DefaultFlush).Example("1").
			Doc("Seconds that the end of the run waits for events that are not sent yet."),
		key.String(&b.State, "state").DefaultDoc("`mqtt-CLIENT_ID.json` in `$STATE_DIRECTORY` (systemd) or `~/.local/state/corallite`").Example("/var/lib/corallite/mqtt.json").
			Doc("The file that remembers, over a restart, what was switched and which topics are retained. A file beside it that ends in `.events` has the events that wait."),
	}
}

// Check reports what is missing, and secrets that stand in the file.
func (b *Broker) Check(in part.Check) {
	if what := redact.Written(redact.InAddress(b.URL)); what != "" {
		in.Report(key.CodeSecret, "url", "", redact.InFile(what, "use user and password_env or password_file"))
	}
	part.CheckVariables(in, "url", b.URL)
	part.CheckVariables(in, "user", b.User)
	part.CheckVariable(in, "password_env", b.PasswordEnv)
	for _, f := range []struct{ name, file string }{{"password_file", b.PasswordFile}, {"ca", b.CA}, {"cert", b.Cert}, {"key", b.Key}} {
		part.CheckFile(in, f.name, f.file)
		if lower := strings.ToLower(b.URL); f.name != "password_file" && f.file != "" && (strings.HasPrefix(lower, "mqtt://") || strings.HasPrefix(lower, "ws://")) {
			in.Report(key.CodeConflict, f.name, "", "is for TLS: use mqtts:// or wss:// in url")
		}
	}
}

// Open makes the Link. It connects when it is started.
func (b *Broker) Open(_ context.Context, env part.ServiceEnv) (part.Server, error) {
	c := *b
	if c.ClientID == "" {
		host, _ := os.Hostname()
		c.ClientID = slug("corallite-" + host)
		c.ClientID = c.ClientID[:min(len(c.ClientID), 64)]
	}
	if c.Prefix == "" {
		c.Prefix = DefaultPrefix
		if c.Style == StyleFrigate {
			c.Prefix = "frigate"
		}
	}
	if c.State == "" {
		folder, err := stateFolder()
		if err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
		c.State = filepath.Join(folder, "mqtt-"+c.ClientID+".json")
	}
	how, err := c.connection()
	if err != nil {
		return nil, err
	}
	return newLink(c, how, env)
}

// stateFolder is where programs keep what must survive a restart.
func stateFolder() (string, error) {
	if dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "corallite"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "state", "corallite"), nil
}
