package configs

import "encoding/json"

// Schema is the JSON Schema (draft 2020-12) of a configuration file, for editors that complete and check YAML. It says
// what the table of keys says; what a schema cannot say (files that must be there, names that must be defined) only
// Load checks.
func Schema() ([]byte, error) {
	s := root.schema()
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Corallite configuration"
	s["description"] = "What `corallite run` runs."
	s["type"] = "object"
	// One of several files need not have the pipelines.
	delete(s, "required")
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}

type object = map[string]any

// schema is the schema of a key's value.
func (k *key) schema() object {
	s := object{}
	if k.doc != "" {
		s["description"] = k.doc
	}
	if k.def != nil {
		s["default"] = k.def
	}
	switch k.kind {
	case text:
		k.textSchema(s)
	case whole:
		s["type"] = "integer"
		k.limitSchema(s)
	case number:
		s["type"] = "number"
		k.limitSchema(s)
	case boolean:
		s["type"] = "boolean"
	case texts:
		one := object{"type": "string", "minLength": 1}
		s["anyOf"] = []any{one, object{"type": "array", "items": one, "minItems": 1}}
	case numbers:
		one := object{"type": "number"}
		k.limitSchema(one)
		forms := []any{one}
		for _, n := range k.lengths {
			forms = append(forms, object{"type": "array", "items": one, "minItems": n, "maxItems": n})
		}
		if k.lengths == nil {
			forms = append(forms, object{"type": "array", "items": one, "minItems": 1})
		}
		s["anyOf"] = forms
	case scores:
		s["type"] = "object"
		s["minProperties"] = 1
		s["additionalProperties"] = object{"type": "number", "minimum": 0, "maximum": 1}
	case pairs:
		k.pairsSchema(s)
	case group:
		k.groupSchema(s)
	case named:
		s["type"] = "object"
		s["minProperties"] = 1
		s["propertyNames"] = object{"pattern": namePattern.String()}
		each := object{}
		k.groupSchema(each)
		s["additionalProperties"] = each
	case variants:
		s["type"] = "array"
		s["minItems"] = 1
		each := object{"minProperties": 1, "maxProperties": 1}
		(&key{keys: k.keys}).groupSchema(each)
		for _, c := range k.keys {
			if !c.requires() {
				each["properties"].(object)[c.name].(object)["type"] = []string{"object", "null"}
			}
		}
		s["items"] = each
	}
	return s
}

// requires says whether any key below k must be given.
func (k *key) requires() bool {
	for _, c := range k.keys {
		if c.required {
			return true
		}
	}
	return false
}

func (k *key) textSchema(s object) {
	s["type"] = "string"
	if k.digits {
		s["type"] = []string{"string", "integer"}
	}
	switch {
	case len(k.choices) > 0:
		s["enum"] = k.choices
	case k.pattern != nil:
		s["pattern"] = k.pattern.String() // RE2 and ECMA 262 agree on what the table uses
	case k.required:
		s["minLength"] = 1
	}
}

func (k *key) limitSchema(s object) {
	if k.min != nil {
		s["minimum"] = *k.min
	}
	if k.max != nil {
		s["maximum"] = *k.max
	}
	if k.above != nil {
		s["exclusiveMinimum"] = *k.above
	}
}

func (k *key) groupSchema(s object) {
	properties, dependent := object{}, object{}
	var required []string
	var alternatives []any
	for _, c := range k.keys {
		properties[c.name] = c.schema()
		if c.required {
			required = append(required, c.name)
		}
		if c.with == nil {
			alternatives = append(alternatives, object{"required": []string{c.name}})
			continue
		}
		var any []any
		for _, name := range c.with {
			any = append(any, object{"required": []string{name}})
		}
		dependent[c.name] = object{"anyOf": any}
	}
	s["type"] = "object"
	s["properties"] = properties
	s["additionalProperties"] = false
	if len(required) > 0 {
		s["required"] = required
	}
	if k.oneOf {
		s["oneOf"] = alternatives
	}
	if len(dependent) > 0 {
		s["dependentSchemas"] = dependent
	}
	var never []any
	for _, pair := range k.excluding {
		never = append(never, object{"not": object{"required": pair}})
	}
	if len(never) > 0 {
		s["allOf"] = never
	}
	if len(k.together) > 0 {
		needs := object{}
		for _, pair := range k.together {
			needs[pair[0]], needs[pair[1]] = pair[1:], pair[:1]
		}
		s["dependentRequired"] = needs
	}
}
