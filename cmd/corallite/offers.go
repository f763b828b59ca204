package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"corallite/configs"
	"corallite/delegate/edgetpu"
	"corallite/models"
	"corallite/pipeline/camera"
	"corallite/pipeline/mic"
)

// offer is what the Tab key offers for an argument or a flag's value.
type offer = cobra.CompletionFunc

// offerDirectly makes the Tab key offer files only where a command takes files: cobra's own habit is to offer them
// everywhere.
func offerDirectly(c *cobra.Command) {
	if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	noFile := func(f *pflag.Flag) {
		_, taken := c.GetFlagCompletionFunc(f.Name)
		if !taken && (f.Value.Type() == "int" || f.Value.Type() == "float64" || f.Value.Type() == "numbers" || f.Name == "listen") {
			_ = c.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions)
		}
	}
	c.Flags().VisitAll(noFile)
	c.PersistentFlags().VisitAll(noFile)
	for _, sub := range c.Commands() {
		offerDirectly(sub)
	}
}

// filesThat offers files with these endings, in small and in capital letters, and folders.
func filesThat(endings ...string) offer {
	var all []string
	for _, e := range endings {
		e = strings.TrimPrefix(e, ".")
		all = append(all, e, strings.ToUpper(e))
	}
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return all, cobra.ShellCompDirectiveFilterFileExt
	}
}

// videoEndings are those that videos mostly have; any other file may be one too.
var videoEndings = []string{
	".mp4", ".m4v", ".mkv", ".avi", ".mov", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".flv", ".ogv", ".3gp", ".mjpeg",
}

// pictureFiles offers what detect and its like look at.
var pictureFiles = filesThat(slices.Concat(camera.PictureEndings(), videoEndings)...)

// soundFiles offers what listen hears.
var soundFiles = filesThat(mic.Endings()...)

// names offers words with their explanations, or, where none begins like the word, what else does.
func names(all []string, word string, or offer) ([]string, cobra.ShellCompDirective) {
	if !slices.ContainsFunc(all, func(name string) bool { return strings.HasPrefix(name, word) }) {
		return or(nil, nil, word)
	}
	return all, cobra.ShellCompDirectiveDefault
}

// modelsFor offers the models of the catalog for some tasks (none: all), and .tflite files.
func modelsFor(tasks ...string) offer {
	return func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		store, err := models.Open(models.Options{})
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var all []string
		for _, e := range store.Entries() {
			if len(tasks) == 0 || slices.Contains(tasks, e.Task) {
				all = append(all, e.Name+"\t"+e.Description)
			}
		}
		return names(all, word, filesThat("tflite"))
	}
}

// modelNames offers names of the catalog that are not on the line yet, of those that the cache has, or has not.
func modelNames(wanted func(models.State) bool) offer {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		store, err := models.Open(models.Options{})
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var all []string
		for _, m := range store.List() {
			if wanted(m.State) && !slices.Contains(args, m.Entry.Name) {
				all = append(all, m.Entry.Name+"\t"+m.Entry.Description)
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

func notWhole(s models.State) bool { return s != models.Cached }
func inCache(s models.State) bool  { return s != models.Absent }
func inAnyState(models.State) bool { return true }

// deviceNames offers device strings: the kinds, and the Edge TPUs that the kernel shows. libedgetpu is not asked.
func deviceNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all := []string{"usb\tany USB stick", "pci\tany PCIe card", "usb:0\tthe first USB stick", "pci:0\tthe first PCIe card"}
	for _, d := range (edgetpu.System{}).Devices() {
		all = append(all, edgetpu.System{}.StableName(d)+"\t"+d.Path)
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

// watchSources offers cameras, and where none begins like the word, videos.
func watchSources(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var all []string
	if cameras, err := camera.Cameras(""); err == nil {
		for _, c := range cameras {
			all = append(all, c.Node+"\t"+c.Name)
		}
	}
	return names(all, word, filesThat(videoEndings...))
}

// settings offers keys of the configuration files on the line, for --set.
func settings(_ *cobra.Command, files []string, word string) ([]string, cobra.ShellCompDirective) {
	var all []string
	for _, c := range configs.Completions(files, word) {
		all = append(all, c.Text+"\t"+c.Doc)
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
