package key

// Code says of what kind a problem with a configuration is. Programs tell problems apart by it, never by their words.
type Code string

// The codes of problems.
const (
	CodeSyntax         Code = "syntax"          // the file is not YAML, or not one document
	CodeUnreadable     Code = "unreadable"      // the file cannot be read
	CodeUnknownKey     Code = "unknown_key"     // no key has this name
	CodeRenamedKey     Code = "renamed_key"     // the key has another name now
	CodeDuplicate      Code = "duplicate"       // given or defined twice
	CodeMissingKey     Code = "missing_key"     // a required key is missing
	CodeWrongType      Code = "wrong_type"      // a list where a string is expected, and the like
	CodeOutOfRange     Code = "out_of_range"    // a number outside of its limits, a string that is not one of the choices
	CodeConflict       Code = "conflict"        // keys that exclude each other, or of which one needs the other
	CodeMissingFile    Code = "missing_file"    // a file or folder that is not there, or is not what it should be
	CodeMissingModel   Code = "missing_model"   // a file of a model that can be pulled
	CodeMissingProgram Code = "missing_program" // a program that is not there, or cannot be run
	CodeUnknownName    Code = "unknown_name"    // no model, pipeline or label has this name
	CodeNotSet         Code = "not_set"         // an environment variable that is not set
	CodeSecret         Code = "secret"          // a secret in a file
	CodeOutputInUse    Code = "output_in_use"   // two sinks write to one place, or to what is read
	CodeInvalid        Code = "invalid"         // anything else
)
