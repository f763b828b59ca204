package doctor

// Check is a kind of check.
type Check string

const (
	Configuration Check = "configuration" // files that the configuration names
	Container     Check = "container"     // whether the device was passed to the container
	Driver        Check = "driver"        // the kernel's driver of PCI cards
	Devices       Check = "device"        // which devices the kernel shows
	Library       Check = "library"       // libedgetpu
	Permission    Check = "permission"    // who may open the device file
	Use           Check = "use"           // whether another process has the device
	Pairing       Check = "pairing"       // whether libedgetpu and the runtime are compatible, tried in a child process
	Models        Check = "model"         // model files
	Plugin        Check = "delegate"      // external delegates, tried in a child process
	USB           Check = "usb"           // state and link of a stick
	Heat          Check = "heat"
	Cameras       Check = "camera"
)

// ID identifies a cause. It does not change between versions.
type ID string

const (
	FileMissing ID = "file-missing"

	DeviceNotPassed   ID = "device-not-passed"
	DeviceCgroup      ID = "device-cgroup"
	DeviceNodeMissing ID = "device-node-missing"

	DriverVFIO      ID = "driver-vfio"
	DriverUnsigned  ID = "driver-unsigned"
	DriverNotBuilt  ID = "driver-not-built"
	DriverMissing   ID = "driver-missing"
	DriverNotLoaded ID = "driver-not-loaded"
	DriverFailed    ID = "driver-failed"

	DeviceGone     ID = "device-gone"
	NoDevice       ID = "no-device"
	DeviceNotFound ID = "device-not-found"

	LibraryMissing      ID = "library-missing"
	LibraryUnreadable   ID = "library-unreadable"
	LibraryArchitecture ID = "library-architecture"
	LibraryInvalid      ID = "library-invalid"
	LibraryDependency   ID = "library-dependency"
	LibrarySymbol       ID = "library-symbol"
	LibraryLoad         ID = "library-load"

	DevicePermission ID = "device-permission"
	DeviceBusy       ID = "device-busy"

	RuntimeMismatch  ID = "runtime-mismatch"
	LibraryCrash     ID = "library-crash"
	LibraryHangs     ID = "library-hangs"
	LibraryBlind     ID = "library-blind"
	DeviceOpen       ID = "device-open"
	DeviceSecondTry  ID = "device-second-try"
	DelegateRefused  ID = "delegate-refused"
	IsolationMissing ID = "isolation-missing"

	ModelRuntime ID = "model-runtime"
	ModelInvalid ID = "model-invalid"
	ModelDamaged ID = "model-damaged"
	ModelCPUOnly ID = "model-cpu-only"

	PluginUnusable ID = "plugin-unusable"

	USBFreshContainer ID = "usb-dfu-container"
	USBFreshVM        ID = "usb-dfu-vm"
	USB2Link          ID = "usb-2-link"

	Hot ID = "heat"

	CameraMissing    ID = "camera-missing"
	CameraPermission ID = "camera-permission"
)

// explaining lists all causes in the order in which one explains another: a library cannot see a device that was not
// passed to the container, and a missing library cannot fail to open a device. The library comes before permission
// because its package brings the udev rule.
var explaining = []struct {
	ID    ID
	Check Check
}{
	{DeviceNotPassed, Container}, {DeviceCgroup, Container},
	{DriverVFIO, Driver}, {DriverUnsigned, Driver}, {DriverNotBuilt, Driver}, {DriverMissing, Driver},
	{DriverNotLoaded, Driver}, {DriverFailed, Driver},
	{DeviceGone, Devices}, {DeviceNodeMissing, Devices}, {NoDevice, Devices}, {DeviceNotFound, Devices},
	{LibraryMissing, Library}, {LibraryUnreadable, Library}, {LibraryArchitecture, Library}, {LibraryInvalid, Library},
	{LibraryDependency, Library}, {LibrarySymbol, Library}, {LibraryLoad, Library},
	{DevicePermission, Permission}, {DeviceBusy, Use},
	{RuntimeMismatch, Pairing}, {LibraryHangs, Pairing}, {LibraryCrash, Pairing}, {LibraryBlind, Pairing},
	{DeviceOpen, Pairing}, {DelegateRefused, Pairing}, {DeviceSecondTry, Pairing}, {IsolationMissing, Pairing},
	{FileMissing, Configuration}, {ModelDamaged, Models}, {ModelInvalid, Models}, {ModelRuntime, Models}, {ModelCPUOnly, Models},
	{PluginUnusable, Plugin},
	{USBFreshContainer, USB}, {USBFreshVM, USB}, {USB2Link, USB},
	{Hot, Heat},
	{CameraMissing, Cameras}, {CameraPermission, Cameras},
}
