package corallite

import (
	"corallite/configs"
	"corallite/pipeline/camera"
	"corallite/pipeline/mic"
)

// Source is where pictures or sound come from, as the key source of a pipeline in YAML. The functions of this package
// make the usual ones; one with more options is a pointer to the configuration of its kind, such as *camera.URLConfig.
type Source = configs.Source

// Images are picture files, folders of pictures, and patterns.
func Images(names ...string) Source { return &camera.ImagesConfig{Images: names} }

// Folder is a folder that is watched: the pictures in it, then each one that is added.
func Folder(path string) Source { return &camera.FolderConfig{Folder: path} }

// Video is a video file or several, one after the other.
func Video(names ...string) Source { return &camera.VideoConfig{Video: names} }

// Camera is a camera of this machine: its number ("0"), its path, or its name or a part of it.
func Camera(name string) Source { return &camera.DeviceConfig{Camera: name} }

// URL is a camera on the network, such as "rtsp://192.168.1.20/stream1".
func URL(address string) Source { return &camera.URLConfig{URL: address} }

// Microphone is a microphone: its name, a part of it or its id, or "default".
func Microphone(name string) Source { return &mic.MicrophoneConfig{Microphone: name} }

// Sound is recordings, folders of them, and patterns.
func Sound(names ...string) Source { return &mic.SoundConfig{Sound: names} }
