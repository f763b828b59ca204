package configs

import (
	"encoding/json"
	"slices"

	"corallite/internal/key"
)

// Schema is the JSON Schema (draft 2020-12) of a configuration file, for editors that complete and check YAML. It
// contains what the table of keys has; what a schema cannot express (files that must exist, names that must be defined)
// only Load checks.
func Schema() ([]byte, error) {
	s := describe(root())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Corallite configuration"
	s["description"] = "What `corallite run` runs."
	s["type"] = "object"
	// With several files, not each needs pipelines.
	delete(s, "required")
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}

type object = map[string]any

// describe is the schema of a key's value.
func describe(k *key.Key) object {
	s := object{}
	if k.Doc != "" {
		s["description"] = k.Doc
	}
	if k.Default != nil {
		s["default"] = k.Default
	}
	switch k.Kind {
	case key.KindString:
		describeString(k, s)
	case key.KindInteger:
		s["type"] = "integer"
		describeLimits(k, s)
	case key.KindNumber:
		s["type"] = "number"
		describeLimits(k, s)
	case key.KindBoolean:
		s["type"] = "boolean"
	case key.KindStringList:
		one := object{"type": "string", "minLength": 1}
		if len(k.Choices) > 0 {
			one = object{"enum": k.Choices}
		}
		s["anyOf"] = []any{one, object{"type": "array", "items": one, "minItems": 1}}
	case key.KindNumberList:
		one := object{"type": "number"}
		describeLimits(k, one)
		forms := []any{one}
		for _, n := range k.Lengths {
			forms = append(forms, object{"type": "array", "items": one, "minItems": n, "maxItems": n})
		}
		if k.Lengths == nil {
			forms = append(forms, object{"type": "array", "items": one, "minItems": 1})
		}
		s["anyOf"] = forms
	case key.KindFloatMap:
		s["type"] = "object"
		s["minProperties"] = 1
		s["additionalProperties"] = object{"type": "number", "minimum": 0, "maximum": 1}
	case key.KindStringListMap:
		describeStringLists(k, s)
	case key.KindStringMap:
		s["type"] = "object"
		s["minProperties"] = 1
		s["additionalProperties"] = object{"type": []string{"string", "number", "boolean"}}
	case key.KindOrdered:
		words := []any{object{"enum": k.Choices}}
		var one []any
		for _, c := range k.Keys {
			mapping := object{}
			describeGroup(c, mapping)
			if c.Child(c.Name) != nil {
				words = append(words, object{"pattern": "^" + c.Name + ":."})
			} else {
				mapping = object{"type": "object", "properties": object{c.Name: mapping}, "required": []string{c.Name}, "additionalProperties": false}
			}
			one = append(one, mapping)
		}
		one = slices.Insert(one, 0, any(object{"type": "string", "anyOf": words}))
		s["anyOf"] = append(slices.Clone(one), object{"type": "array", "items": object{"anyOf": one}, "minItems": 1})
	case key.KindGroup:
		if k.Switch {
			mapping := object{}
			describeGroup(k, mapping)
			s["anyOf"], s["default"] = []any{object{"type": "boolean"}, mapping}, false
			return s
		}
		describeGroup(k, s)
	case key.KindNamed:
		s["type"] = "object"
		s["minProperties"] = 1
		s["propertyNames"] = object{"pattern": namePattern.String()}
		each := object{}
		describeGroup(k, each)
		s["additionalProperties"] = each
	case key.KindGroups:
		s["type"] = "object"
		s["minProperties"] = 1
		each := object{}
		describeGroup(k, each)
		s["additionalProperties"] = each
	case key.KindPoints:
		s["anyOf"] = shapeForms()
	case key.KindPointsList:
		named := object{"type": "object", "required": []string{"coordinates"}, "additionalProperties": false, "properties": object{
			"coordinates": object{"anyOf": shapeForms()}, "friendly_name": object{"type": "string"}, "enabled": object{"type": "boolean"}}}
		s["anyOf"] = append(shapeForms(), object{"type": "array", "items": object{"anyOf": shapeForms()}, "minItems": 1},
			object{"type": "object", "additionalProperties": named})
	case key.KindVariants:
		s["type"] = "array"
		s["minItems"] = 1
		each := object{"minProperties": 1, "maxProperties": 1}
		describeGroup(k, each)
		for _, c := range k.Keys {
			if !c.HasRequired() {
				each["properties"].(object)[c.Name].(object)["type"] = []string{"object", "null"}
			}
		}
		s["items"] = each
	}
	return s
}

// shapeForms are the notations for a shape's points.
func shapeForms() []any {
	number := object{"type": "number", "minimum": 0}
	pair := object{"type": "array", "items": number, "minItems": 2, "maxItems": 2}
	return []any{
		object{"type": "string", "pattern": "^[0-9., eE+-]+$"}, object{"type": "array", "items": number, "minItems": 4},
		object{"type": "array", "items": pair, "minItems": 2}, object{"type": "array", "items": object{"type": "string"}, "minItems": 2},
	}
}

func describeString(k *key.Key, s object) {
	s["type"] = "string"
	if k.AcceptInt {
		s["type"] = []string{"string", "integer"}
	}
	switch {
	case len(k.Choices) > 0:
		s["enum"] = k.Choices
	case k.Pattern != nil:
		s["pattern"] = k.Pattern.String() // RE2 and ECMA 262 agree on the syntax that the table uses
	case k.Required:
		s["minLength"] = 1
	}
}

func describeLimits(k *key.Key, s object) {
	if k.Min != nil {
		s["minimum"] = *k.Min
	}
	if k.Max != nil {
		s["maximum"] = *k.Max
	}
	if k.Above != nil {
		s["exclusiveMinimum"] = *k.Above
	}
}

func describeGroup(k *key.Key, s object) {
	properties, dependent := object{}, object{}
	var required []string
	var alternatives []any
	for _, c := range k.Keys {
		properties[c.Name] = describe(c)
		if c.Required {
			required = append(required, c.Name)
		}
		if c.Requires == nil {
			alternatives = append(alternatives, object{"required": []string{c.Name}})
			continue
		}
		var any []any
		for _, name := range c.Requires {
			any = append(any, object{"required": []string{name}})
		}
		dependent[c.Name] = object{"anyOf": any}
	}
	s["type"] = "object"
	s["properties"] = properties
	s["additionalProperties"] = false
	if len(required) > 0 {
		s["required"] = required
	}
	if k.OneOf {
		s["oneOf"] = alternatives
	}
	if len(dependent) > 0 {
		s["dependentSchemas"] = dependent
	}
	var never []any
	needs := object{}
	for _, c := range k.Keys {
		for _, other := range c.Excludes {
			never = append(never, object{"not": object{"required": []string{other, c.Name}}})
		}
		if len(c.Needs) > 0 {
			needs[c.Name] = c.Needs
		}
	}
	if len(never) > 0 {
		s["allOf"] = never
	}
	if len(needs) > 0 {
		s["dependentRequired"] = needs
	}
}

// describeStringLists is the schema of lists of strings by name.
func describeStringLists(k *key.Key, s object) {
	one := object{"type": "string"}
	if k.AcceptInt {
		one["type"] = []string{"string", "integer"}
	}
	s["type"] = "object"
	s["minProperties"] = 1
	s["additionalProperties"] = object{"anyOf": []any{one, object{"type": "array", "items": one, "minItems": 1}}}
}
