package main

import (
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"corallite/configs"
	"corallite/internal/key"
)

// keyValue is the type of a key's value; []float64 is written 127.5 or 1,2,3.
type keyValue interface {
	int | float64 | string | []float64
}

// keyFlag is a flag that takes what a key of the configuration takes.
type keyFlag[T keyValue] struct {
	to  *T
	key configs.Flag
}

// addKeyFlag adds a flag for the key at a path; to has its default.
func addKeyFlag[T keyValue](flags *pflag.FlagSet, to *T, name, usage string, path ...string) {
	flags.Var(keyFlag[T]{to, configs.FlagOf(path...)}, name, usage)
}

// addOwnFlag adds a flag that is no key of the configuration, with the name and the limits of a field of to, which has its
// default.
func addOwnFlag[T keyValue](flags *pflag.FlagSet, to *T, field *key.Field, usage string) {
	flags.Var(keyFlag[T]{to, configs.OwnFlag(field)}, field.Key().Name, usage)
}

// Set reads the value. What is wrong with it explainFlag says, by wants.
func (f keyFlag[T]) Set(s string) error {
	v, err := f.key.Parse(s)
	if err != nil {
		return err
	}
	*f.to = v.(T)
	return nil
}

func (f keyFlag[T]) wants() string { return f.key.Expects() }

// String is the value as help shows it; of the zero keyFlag, which pflag asks too, that of nothing.
func (f keyFlag[T]) String() string {
	if f.to == nil {
		return ""
	}
	switch v := any(*f.to).(type) {
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []float64:
		words := make([]string, len(v))
		for i, n := range v {
			words[i] = strconv.FormatFloat(n, 'g', -1, 64)
		}
		return strings.Join(words, ",")
	default:
		return v.(string)
	}
}

// Type is pflag's name of T.
func (f keyFlag[T]) Type() string {
	switch any(*new(T)).(type) {
	case int:
		return "int"
	case float64:
		return "float64"
	case []float64:
		return "numbers"
	default:
		return "string"
	}
}
