package camera

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/internal/environ"
	"corallite/pipeline/camera/internal/capture"
)

// Options of ffmpeg's libraries for streams. Only these are passed on: none of them opens a file, listens, or has a
// stream open what it likes.
var (
	anyStream = []string{
		"analyzeduration", "correct_ts_overflow", "err_detect", "fflags", "fpsprobesize", "max_delay", "max_probe_packets", "probesize",
		"rtbufsize", "use_wallclock_as_timestamps", "resync_size", "scan_all_pmts",
	}
	tcpOptions  = []string{"recv_buffer_size", "tcp_mss", "tcp_nodelay"}
	udpOptions  = []string{"block", "buffer_size", "fifo_size", "localaddr", "overrun_nonfatal", "pkt_size", "reorder_queue_size", "reuse", "sources"}
	rtspOptions = []string{"buffer_size", "max_port", "min_port", "reorder_queue_size", "user_agent"}
	httpOptions = []string{
		"allowed_extensions", "allowed_segment_extensions", "auth_type", "extension_picky", "headers", "http_multiple", "http_persistent",
		"http_seekable", "icy", "live_start_index", "m3u8_hold_counters", "max_reload", "multiple_requests", "prefer_x_start", "reconnect",
		"reconnect_at_eof", "reconnect_delay_max", "reconnect_on_http_error", "reconnect_on_network_error", "reconnect_streamed", "referer",
		"seekable", "user_agent",
	}
	rtmpOptions = []string{
		"rtmp_app", "rtmp_buffer", "rtmp_conn", "rtmp_flashver", "rtmp_live", "rtmp_pageurl", "rtmp_playpath", "rtmp_subscribe", "rtmp_swfhash",
		"rtmp_swfsize", "rtmp_swfurl", "rtmp_tcurl", "tcp_nodelay",
	}
	srtOptions = []string{
		"connect_timeout", "enforced_encryption", "ffs", "iptos", "ipttl", "latency", "lossmaxttl", "maxbw", "minversion", "mode", "mss",
		"nakreport", "passphrase", "payload_size", "pbkeylen", "peerlatency", "pkt_size", "rcvbuf", "rcvlatency", "streamid", "tlpktdrop",
		"transtype", "tsbpd",
	}
	optionsOf = map[string][]string{
		"rtsp": rtspOptions, "rtsps": rtspOptions, "http": httpOptions, "https": httpOptions, "rtmp": rtmpOptions, "rtmps": rtmpOptions,
		"srt": srtOptions, "rtp": udpOptions, "udp": udpOptions, "tcp": tcpOptions,
	}
)

// refusedOptions say what to do instead of options that are refused.
var refusedOptions = map[string]string{
	"rtsp_transport": "use the key transport", "rtsp_flags": "use the key transport; a source does not listen",
	"timeout": useTimeout, "stimeout": useTimeout, "rw_timeout": useTimeout, "listen_timeout": useTimeout,
	"tls_verify": useCertificate, "verifyhost": useCertificate, "ca_file": opensFile, "cafile": opensFile, "cert_file": opensFile, "key_file": opensFile,
	"protocol_whitelist": fixed, "protocol_blacklist": fixed, "format_whitelist": fixed, "codec_whitelist": fixed, "seg_format_options": fixed,
	"allowed_media_types": "the pictures are always what is read",
	"http_proxy":          "set the environment variable http_proxy",
	"listen":              connects, "rtmp_listen": connects,
	"rtmp_swfverify": "it would open another address", "method": "a source only reads", "post_data": "a source only reads",
	"cookies": "use headers",
}

const (
	useTimeout     = "use the key timeout"
	useCertificate = "use the key any_certificate"
	opensFile      = "it would open a file; certificates are those of the system"
	fixed          = "it is fixed, so that a stream cannot open files or other protocols"
	connects       = "a source connects and does not listen"
)

// StreamOptions returns the options of ffmpeg's libraries that LiveOptions.Options may have for a scheme ("rtsp").
func StreamOptions(scheme string) []string {
	return slices.Sorted(slices.Values(append(slices.Clone(anyStream), optionsOf[scheme]...)))
}

// wrongOption says why an option of a stream is refused; "": it is possible.
func wrongOption(scheme, name string) string {
	possible := StreamOptions(scheme)
	if slices.Contains(possible, name) {
		return ""
	}
	if instead, ok := refusedOptions[name]; ok {
		return fmt.Sprintf("option %s is refused: %s", name, instead)
	}
	text := fmt.Sprintf("unknown option %s of %s", name, scheme)
	if near := didyoumean.Suggest(name, possible); near != "" {
		text += fmt.Sprintf(" (did you mean %s?)", near)
	}
	return text + "; possible: " + strings.Join(possible, ", ")
}

// wrongTransport says why a transport is refused; "": it is possible.
func wrongTransport(scheme, transport string) string {
	switch {
	case transport == "" || transport == string(capture.Auto) || scheme == "rtsp" && (transport == string(capture.TCP) || transport == string(capture.UDP)):
		return ""
	case scheme == "rtsps" && transport == string(capture.TCP):
		return ""
	case scheme == "rtsps":
		return fmt.Sprintf("transport %s is not possible with rtsps, which is always tcp", transport)
	case scheme != "rtsp":
		return fmt.Sprintf("transport is only for rtsp addresses, not for %s", scheme)
	}
	return fmt.Sprintf("unknown transport %q (want auto, tcp or udp)", transport)
}

// setStream sets what only streams of the network have, and returns the secrets in it.
func (l *LiveSource) setStream(o LiveOptions, scheme string) (secrets []string, err error) {
	if wrong := wrongTransport(scheme, o.Transport); wrong != "" {
		return nil, errors.New(wrong)
	}
	if o.Timeout < 0 {
		return nil, fmt.Errorf("invalid timeout %v (want 0 or more)", o.Timeout)
	}
	l.input.Transport, l.input.Timeout, l.input.Options = capture.Transport(o.Transport), o.Timeout, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(o.Options)) {
		if wrong := wrongOption(scheme, name); wrong != "" {
			return nil, errors.New(wrong)
		}
		l.input.Options[name], err = environ.Expand(o.Options[name], func(_, value string) string {
			secrets = append(secrets, value)
			return value
		})
		if err != nil {
			return nil, fmt.Errorf("option %s: %w", name, err)
		}
	}
	return secrets, nil
}
