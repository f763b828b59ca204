package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"corallite/internal/choice"
)

// command runs one command line in this process.
func command(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = Main(args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

// TestWrongUse checks that wrong use has exit code 2, says what is wrong and what may have been meant, and prints
// nothing that a program could take for a result.
func TestWrongUse(t *testing.T) {
	defer goleak.VerifyNone(t)
	for line, want := range map[string]string{
		"detct":                                  `corallite: unknown command "detct"; did you mean "detect"?`,
		"frobnicate":                             `corallite: unknown command "frobnicate"; see: corallite --help`,
		"models pul":                             `corallite: unknown command "pul"; did you mean "pull"?`,
		"models frobnicate":                      `corallite: unknown command "frobnicate"; see: corallite models --help`,
		"config shema":                           `corallite: unknown command "shema"; did you mean "schema"?`,
		"help modles":                            `corallite: unknown command "modles"; did you mean "models"?`,
		"help models pul":                        `corallite: unknown command "pul"; did you mean "pull"?`,
		"completion basch":                       `corallite: no completion for "basch": want bash, zsh, fish or powershell`,
		"completion":                             `corallite: the shell, bash|zsh|fish|powershell, is missing`,
		"detect --modle x a.png":                 `corallite: unknown flag: --modle; did you mean --model?`,
		"run --frobnicate":                       "corallite: unknown flag: --frobnicate\nsee: corallite run --help",
		"run -x":                                 `corallite: unknown shorthand flag: 'x' in -x`,
		"run --summary":                          `corallite: flag needs an argument: --summary`,
		"run":                                    `corallite: a CONFIG file is missing`,
		"config check":                           `corallite: a CONFIG file is missing`,
		"config show":                            `corallite: a CONFIG file is missing`,
		"config schema x":                        `corallite: unexpected argument "x"`,
		"version extra":                          `corallite: unexpected argument "extra"`,
		"devices extra":                          `corallite: unexpected argument "extra"`,
		"devices --device moon":                  `corallite: device "moon": want `,
		"devices --delegate gpu":                 `corallite: --delegate: "gpu" is no delegate: want ` + strings.Join(choice.Spellings(), ", "),
		"models list extra":                      `corallite: unexpected argument "extra"`,
		"models info":                            `corallite: the NAME of a model is missing`,
		"models search":                          `corallite: a WORD is missing`,
		"models gc extra":                        `corallite: unexpected argument "extra"`,
		"models outdated extra":                  `corallite: unexpected argument "extra"`,
		"models path":                            `corallite: the NAME of a model is missing`,
		"models pull":                            `corallite: the NAME of a model is missing`,
		"models remove":                          `corallite: the NAME of a model is missing`,
		"models pull --all alexa":                `corallite: --all cannot be combined with model names`,
		"detect --model x":                       `corallite: a FILE (a picture or a video) is missing`,
		"classify a.png":                         `corallite: --model is missing`,
		"detect --model x --max-results many a":  `corallite: --max-results many: want an integer of at least 0`,
		"detect --model x --max-results -1 a":    `corallite: --max-results -1: want an integer of at least 0`,
		"detect --model x --threads -1 a":        `corallite: --threads -1: want an integer from 0 to 256`,
		"detect --model x --threads 99999 a":     `corallite: --threads 99999: want an integer from 0 to 256`,
		"listen --threads 99999 a.wav":           `corallite: --threads 99999: want an integer from 0 to 256`,
		"listen --rate 5 -":                      `corallite: --rate 5: want an integer from 1000 to 768000`,
		"listen --channels 99999 -":              `corallite: --channels 99999: want an integer from 1 to 64`,
		"listen --threshold NaN a.wav":           `corallite: --threshold NaN: want a number from 0 to 1`,
		"watch --listen 127.0.0.1:99999":         `corallite: --listen 127.0.0.1:99999: want a host and a port from 0 to 65535, such as 127.0.0.1:8080`,
		"detect --model x --score-threshold 2 a": `corallite: --score-threshold 2: want a number from 0 to 1`,
		"detect --model x --score-threshold a b": `corallite: --score-threshold a: want a number from 0 to 1`,
		"detect --model x --json=7 a":            `corallite: --json 7: want true or false`,
		"detect --model x --delegate gpu a":      `corallite: --delegate: "gpu" is no delegate: want ` + strings.Join(choice.Spellings(), ", "),
		"detect --model x --device usb:x a":      `corallite: device "usb:x": want `,
		"detect --model x --log-format xml a":    `corallite: --log-format "xml": want text or json`,
		"models list -v -q":                      `corallite: --verbose and --quiet cannot be used together`,
		"models list --log loud":                 `corallite: --log "loud": want debug, info, warn or error`,
		"detect --model x --log loud a":          `corallite: --log "loud": want debug, info, warn or error`,
	} {
		code, stdout, stderr := command(strings.Fields(line)...)
		if code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, want) {
			t.Errorf("corallite %s: exit code %d, output %q, error %q; want code 2 and %q", line, code, stdout, stderr, want)
		}
	}
}

// TestHelp checks that every command explains itself: in one line, with an example, and with every flag described.
func TestHelp(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		words := strings.Fields(c.CommandPath())[1:]
		code, stdout, stderr := command(append([]string{"help"}, words...)...)
		if code != exitDone || stderr != "" || !strings.Contains(stdout, "\nUsage:\n") {
			t.Errorf("help of %s: exit code %d, error %q, output\n%s", c.CommandPath(), code, stderr, stdout)
		}
		if _, byFlag, _ := command(append(words, "--help")...); byFlag != stdout {
			t.Errorf("%s --help says something else than help:\n%s", c.CommandPath(), byFlag)
		}
		if c.Short == "" || !strings.Contains(stdout, "\nExamples:\n  corallite") && !strings.Contains(stdout, "\nExamples:\n  source <(corallite") {
			t.Errorf("%s has no summary or no example:\n%s", c.CommandPath(), stdout)
		}
		for _, line := range strings.Split(c.Example, "\n") {
			if !strings.Contains(line, c.CommandPath()) && c.HasParent() {
				t.Errorf("the example %q of %s is another command's", line, c.CommandPath())
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	root := newRoot(&streams{in: strings.NewReader(""), out: &bytes.Buffer{}, err: newStatus(&bytes.Buffer{})})
	root.InitDefaultHelpCmd()
	walk(root)
}
