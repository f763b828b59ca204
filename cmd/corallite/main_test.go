package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"corallite"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/plugin/plugintest"
	"corallite/internal/testdata"
)

// TestMain makes the test binary the command corallite for the scripts and for the tests that start it.
func TestMain(m *testing.M) {
	corallite.Main() // as main does
	testscript.Main(m, map[string]func(){"corallite": main, "pty": pty})
}

// TestScripts runs testdata/script/*.txtar. Beside testscript's own, the scripts have the commands of script_test.go and
// the variables of scriptParams.
func TestScripts(t *testing.T) {
	testscript.Run(t, scriptParams(t, "script", nil))
}

// TestEdgeTPUScripts runs testdata/edgetpu/*.txtar, which have a simulated libedgetpu and an external delegate of tests.
func TestEdgeTPUScripts(t *testing.T) {
	simulator := simtest.Build(t)
	testscript.Run(t, scriptParams(t, "edgetpu", []string{"SIMULATOR=" + simulator, "PLUGIN=" + plugintest.Build(t)}))
}

// scriptParams gives scripts the test data as the folders models, labels, images, video, speech and wild, the files of makeFiles as
// made, and the download cache in the variable DOWNLOADS. The model cache is the script's own.
func scriptParams(t *testing.T, folder string, variables []string) testscript.Params {
	t.Helper()
	root, downloaded := filepath.Dir(testdata.Path(t, "models")), downloads(t)
	links := map[string]string{"made": makeFiles(t), "cases": filepath.Dir(testdata.Case(t, "README.md"))}
	for _, name := range []string{"models", "labels", "images", "video", "speech", "wild"} {
		links[name] = filepath.Join(root, name)
	}
	return testscript.Params{
		Dir: filepath.Join("testdata", folder),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "boxes": cmdBoxes, "classes": cmdClasses, "value": cmdValue, "only": cmdOnly,
			"movie": cmdMovie, "picture": cmdPicture, "lines": cmdLines,
			"hook": cmdHook,
		},
		Condition: condition,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, variables...)
			env.Setenv("DOWNLOADS", downloaded)
			env.Setenv("CORALLITE_CACHE", filepath.Join(env.WorkDir, ".cache"))
			for name, target := range links {
				if err := os.Symlink(target, filepath.Join(env.WorkDir, name)); err != nil {
					return err
				}
			}
			return nil
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	}
}

// downloads is the folder in which scripts/test-files keeps packages.
func downloads(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("CORALLITE_DOWNLOADS"); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "corallite", "downloads")
	if _, err := os.Stat(dir); err != nil {
		testdata.Missing(t, "no packages in %s: run scripts/test-files", dir)
	}
	return dir
}
