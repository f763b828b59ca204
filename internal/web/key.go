package web

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"regexp"

	"corallite/internal/key"
	"corallite/internal/part"
)

// listenPattern is a host, which may be empty, and a port up to 65535.
var listenPattern = regexp.MustCompile(`^.*:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$`)

// Access is how a part of a configuration is reached: what it embeds in its own.
type Access struct {
	Listen    string // host:port; "": the part's default
	TokenEnv  string // the environment variable that holds the token; "": none is asked for, or one is made
	Cert, Key string // PEM files
}

// AccessKeys are the keys, with an address as the default. A part may say more of them (key.Table.Field).
func (a *Access) AccessKeys(usual string) key.Table {
	return key.Table{
		key.String(&a.Listen, "listen").Default(usual).Pattern(listenPattern, "a host and a port from 0 to 65535, such as "+usual).
			Example("0.0.0.0:8080").Doc("The address of the server. Beyond this machine it needs a token, which is made and printed when the program starts, unless `token_env` names one."),
		key.String(&a.TokenEnv, "token_env").Example("CORALLITE_TOKEN").
			Doc("The environment variable that holds the token, at least 16 characters, which others must show; programs as `Authorization: Bearer …`."),
		key.String(&a.Cert, "cert").Needs("key").Example("corallite.pem").
			Doc("A certificate with its chain (PEM): the server then speaks TLS only."),
		key.String(&a.Key, "key").Needs("cert").Example("corallite.key").
			Doc("The certificate's private key (PEM)."),
	}
}

// Check reports environment variables and files that are missing.
func (a *Access) Check(in part.Check) {
	part.CheckVariable(in, "token_env", a.TokenEnv)
	part.CheckFile(in, "cert", a.Cert)
	part.CheckFile(in, "key", a.Key)
}

// ServerOptions are those of a server that is reached in this way, at usual if it says no address.
func (a *Access) ServerOptions(usual string, log *slog.Logger) (Options, error) {
	o := Options{Listen: cmp.Or(a.Listen, usual), CertFile: a.Cert, KeyFile: a.Key, Logger: log}
	if a.TokenEnv != "" {
		if o.Token = os.Getenv(a.TokenEnv); o.Token == "" {
			return o, fmt.Errorf("environment variable %s is not set", a.TokenEnv)
		}
	}
	return o, nil
}
