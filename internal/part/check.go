package part

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"corallite/internal/environ"
	"corallite/internal/key"
	"corallite/internal/regfile"
)

// CheckEnv reports environment variables, the strings of the key called name, that are not set.
func CheckEnv(in Check, name string, variables []string) {
	for i, v := range variables {
		if os.Getenv(v) == "" {
			in.Report(key.CodeNotSet, name, element(i), notSet(v))
		}
	}
}

// CheckVariable reports an environment variable, the value of the key called name, that is not set; "" is none.
func CheckVariable(in Check, name, variable string) {
	if variable != "" && os.Getenv(variable) == "" {
		in.Report(key.CodeNotSet, name, "", notSet(variable))
	}
}

// CheckVariables reports an environment variable, a ${NAME} in the value of the key called name, that is not set. It
// reports whether all are set.
func CheckVariables(in Check, name, text string) bool {
	for _, v := range environ.Variables(text) {
		if os.Getenv(v) == "" {
			in.Report(key.CodeNotSet, name, "", notSet(v))
			return false
		}
	}
	return true
}

func notSet(variable string) string {
	return fmt.Sprintf("environment variable %s is not set", variable)
}

func element(i int) string { return fmt.Sprintf("[%d]", i) }

// CheckFile reports a file, the value of the key called name, that is not there; "" is none.
func CheckFile(in Check, name, file string) {
	if file == "" || isFile(file) {
		return
	}
	wrong := "there is no file " + file
	if _, err := os.Stat(file); err == nil {
		wrong = file + " is not a file"
	}
	in.Report(key.CodeMissingFile, name, "", wrong)
}

// CheckFolder reports a folder, the value of the key called name, that is not there.
func CheckFolder(in Check, name, folder string) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		in.Report(key.CodeMissingFile, name, "", "there is no folder "+folder)
	}
}

// CheckFiles reports files, patterns and, where they are allowed, folders, the strings of the key called name, of which
// nothing is there.
func CheckFiles(in Check, name string, files []string, folders bool) {
	for i, file := range files {
		CheckFileAt(in, name, i, file, folders)
	}
}

// CheckFileAt is CheckFiles for element i of the list alone.
func CheckFileAt(in Check, name string, i int, file string, folders bool) {
	if code, message := missing(file, folders); message != "" {
		in.Report(code, name, element(i), message)
	}
}

func missing(name string, folders bool) (key.Code, string) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir() && !folders:
		return key.CodeWrongType, name + " is a folder: expected a file"
	case err == nil:
		return "", ""
	case !strings.ContainsAny(name, "*?["):
		return key.CodeMissingFile, fmt.Sprintf("cannot be read: %s: %v", name, regfile.Cause(err))
	}
	matches, err := filepath.Glob(name)
	switch {
	case err != nil:
		return key.CodeInvalid, fmt.Sprintf("%s is not a valid pattern: %v", name, err)
	case !slices.ContainsFunc(matches, isFile):
		return key.CodeMissingFile, "no file matches " + name
	}
	return "", ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
