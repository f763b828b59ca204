package choice

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"corallite/internal/key"
)

// plugin is any external delegate of TensorFlow Lite, a library of the NPU's vendor.
var plugin = Provider{
	Name: "plugin", Kind: "plugin", Doc: "any external delegate of TensorFlow Lite, with the CPU behind it (see [delegates.md](delegates.md))",
	LeavesCPUFree: true, Checked: true, TakesLibrary: true,
	Keys: []*key.Key{
		{
			Name: "plugin", Kind: key.KindString, Required: true, Example: "libvx_delegate.so",
			Doc: "The library: its path, or its name for the system to find. It has the functions `tflite_plugin_create_delegate` and `tflite_plugin_destroy_delegate`.",
		},
		{
			Name: "options", Kind: key.KindStringMap, Example: "{cache_file_path: /var/cache/vx}", DefaultDoc: "none",
			Doc: "Options for the library, whose documentation has their names. A value that is an absolute path may be read and written by the library.",
		},
		{
			Name: "paths", Kind: key.KindStringList, Example: "[/dev/npu0, /opt/vendor/firmware]", DefaultDoc: "none",
			Doc: "Files, folders and device nodes that the library may use beside the usual ones: system libraries, the folder of the library, `/sys` and the nodes of known NPUs and GPUs.",
		},
		{
			Name: "env", Kind: key.KindStringList, Example: "[ADSP_LIBRARY_PATH]", DefaultDoc: "none",
			Doc: "Names of environment variables that the library's process gets beside the usual ones.",
		},
	},
}

// npuNodes are the device nodes of NPUs and GPUs that vendors' libraries open: Vivante (i.MX), Mali, DRM (Rockchip, Intel),
// Ethos-U, Qualcomm's DSP and GPU, and the allocators of memory that they share.
var npuNodes = []string{
	"/dev/galcore", "/dev/mali*", "/dev/dri", "/dev/ethosu*", "/dev/rknpu*", "/dev/adsprpc-smd*", "/dev/fastrpc-*", "/dev/kgsl-3d0",
	"/dev/ion", "/dev/dma_heap", "/dev/rga", "/dev/mpp_service", "/dev/accel",
}

// externalAccess lets the process of an external delegate use the library, the NPU, and the files that its options and Paths
// name.
func externalAccess(i Item) Access {
	a := Access{Read: []string{"/sys"}, Env: i.Env}
	if library := i.LibraryPath(); filepath.Base(library) != library {
		a.Read = append(a.Read, filepath.Dir(library)) // what it loads often lies beside it
	}
	for _, pattern := range npuNodes {
		nodes, _ := filepath.Glob(pattern) // it is well formed
		a.ReadWrite = append(a.ReadWrite, nodes...)
	}
	for _, key := range slices.Sorted(maps.Keys(i.Options)) {
		if value := i.Options[key]; filepath.IsAbs(value) {
			a.ReadWrite = append(a.ReadWrite, existing(value))
		}
	}
	a.ReadWrite = append(a.ReadWrite, i.Paths...)
	return a
}

// existing is a path, or where a file of that name is still to be made the folder for it.
func existing(path string) string {
	if _, err := os.Stat(path); err != nil && filepath.Dir(path) != "/" {
		return filepath.Dir(path)
	}
	return path
}
