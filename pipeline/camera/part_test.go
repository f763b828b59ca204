package camera

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A live source's secrets come from where the configuration says that they are, and one that is not there is an error
// that names the key.
func TestLiveSecrets(t *testing.T) {
	t.Setenv("DOOR_PASSWORD", "from env")
	t.Setenv("DOOR_TOKEN", "token 1")
	dir := t.TempDir()
	file, empty := filepath.Join(dir, "password"), filepath.Join(dir, "empty")
	for path, text := range map[string]string{file: "from file\r\nof the door\n", empty: "\nhunter22"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		source               URLConfig
		password, token, err string
	}{
		{URLConfig{User: "me"}, "", "", ""},
		{URLConfig{User: "me", PasswordEnv: "DOOR_PASSWORD"}, "from env", "", ""},
		{URLConfig{User: "me", PasswordFile: file}, "from file", "", ""},
		{URLConfig{TokenEnv: "DOOR_TOKEN"}, "", "token 1", ""},
		{URLConfig{PasswordEnv: "NOT_SET_ANYWHERE"}, "", "", "source: password_env: "},
		{URLConfig{TokenEnv: "NOT_SET_ANYWHERE"}, "", "", "source: token_env: "},
		{URLConfig{PasswordFile: empty}, "", "", "source: password_file: "},
		{URLConfig{PasswordFile: dir + "/gone"}, "", "", "source: password_file: "},
	} {
		o, err := c.source.options()
		if c.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.err) || strings.Contains(err.Error(), "hunter22") {
				t.Errorf("%+v: %v, want %s…", c.source, err, c.err)
			}
			continue
		}
		if err != nil || o.Credentials.User != c.source.User || o.Credentials.Password != c.password || o.Credentials.Token != c.token {
			t.Errorf("%+v: password %q, token %q, %v", c.source, o.Credentials.Password, o.Credentials.Token, err)
		}
	}
}
