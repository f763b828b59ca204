package configs

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/key"
	"corallite/internal/regfile"
)

// mostCompleted is the maximum size of a file, in bytes, whose names Completions reads.
const mostCompleted = 1 << 20

// Completion is a key for --set, or a key with one of its values.
type Completion struct {
	Text string // "models.coco.threads=", "models.coco.delegate=auto"
	Doc  string // the first sentence of its documentation
}

// Completions are the possible arguments of --set for a configuration of these files: each key with the names of the
// files' models and pipelines, and after the = of a key with few values, these values. Files that cannot be read, or
// are not YAML, have no names.
func Completions(files []string, word string) []Completion {
	names := map[string][]string{}
	for _, file := range files {
		for section, some := range namesIn(file) {
			names[section] = append(names[section], some...)
		}
	}
	var all []Completion
	var walk func(k *key.Key, path string)
	walk = func(k *key.Key, path string) {
		if k.IsLeaf() {
			all = append(all, leaf(k, path, word)...)
		} else if k.Switch {
			all = append(all, leaf(switchKey(k), path, word)...)
		}
		switch {
		case k.Kind == key.KindGroup:
			for _, c := range k.Keys {
				walk(c, path+"."+c.Name)
			}
		case k.Kind == key.KindNamed:
			for _, name := range names[k.Name] {
				if strings.Contains(name, ".") { // --set would take it for a path
					continue
				}
				for _, c := range k.Keys {
					walk(c, path+"."+name+"."+c.Name)
				}
			}
		}
	}
	for _, c := range root().Keys {
		walk(c, c.Name)
	}
	return slices.DeleteFunc(all, func(c Completion) bool { return !strings.HasPrefix(c.Text, word) })
}

// leaf is a key, or, if the word has its =, the key's values.
func leaf(k *key.Key, path, word string) []Completion {
	doc, _, _ := strings.Cut(k.Doc, ". ")
	if k.Kind == key.KindVariants {
		return nil
	}
	if !strings.HasPrefix(word, path+"=") {
		return []Completion{{path + "=", doc}}
	}
	values := k.Choices
	if k.Kind == key.KindBoolean {
		values = []string{"true", "false"}
	}
	var all []Completion
	for _, v := range values {
		all = append(all, Completion{path + "=" + v, doc})
	}
	return all
}

// namesIn returns the names in a file's models and pipelines.
func namesIn(file string) map[string][]string {
	data, err := regfile.ReadBare(file, mostCompleted)
	if err != nil {
		return nil
	}
	var sections map[string]yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&sections); err != nil {
		return nil
	}
	names := map[string][]string{}
	for section, node := range sections {
		var named map[string]yaml.Node
		if node.Decode(&named) != nil {
			continue
		}
		for name := range named {
			names[section] = append(names[section], name)
		}
		slices.Sort(names[section])
	}
	return names
}
