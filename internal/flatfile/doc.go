// Package flatfile reads FlatBuffers into Go structs and writes them, without loss: what is read and written again has the
// same contents, byte for byte where it holds bytes. The structs are the schema:
//
//	type Tensor struct {
//		Shape        []int32       `fb:"0"`
//		Buffer       uint32        `fb:"2"`
//		Name         string        `fb:"3"`
//		Quantization *Quantization `fb:"4"`
//	}
//
// The tag is the field's id, then options after commas: default=N, what a number is where the file does not have it;
// align=N, where the elements of a vector begin; union=NAME, for a field of type [Union], whose tables [Schema.Unions] lists
// (the id is that of its value; that of its tag is one less). Fields are bool, numbers, string, []string, vectors of
// numbers, pointers to structs, slices of these, and Union. A vector that is absent is nil, one without elements is not.
// What the structs do not name is refused and not lost: a field of a newer schema is an error.
package flatfile

import "reflect"

// Schema is how a kind of file is read and written.
type Schema struct {
	Identifier string           // four characters
	Unions     map[string][]any // by name, a value of each member, in the order of the tags from 1 on: a pointer to a struct, or a *Fields
	Newer      string           // what is newer, in errors: "the schema of TensorFlow Lite 2.20"
}

// Union is a table of one of several kinds.
type Union struct {
	Tag   uint8
	Table any // as in Schema.Unions; nil: absent
}

// Fields is a table whose fields are known by a layout: a letter for each, in the order of their ids. 1, 4, 8: a number of so
// many bytes; B, I, L: a vector of elements of 1, 4, 8 bytes; s: a string.
type Fields struct {
	Name, Layout string
	Values       [][]byte // little-endian, of a string without its terminating zero; nil: absent
}

// field is what a struct's tag says.
type field struct {
	index int // in the struct
	id    int
	align int
	def   int64
	union string
}

// plan is what the tags of a struct say.
type plan struct {
	fields []field
	count  int // one more than the highest id
}

var (
	unionType = reflect.TypeFor[Union]()
	textsType = reflect.TypeFor[[]string]()
)
