package assemble

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/configs"
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
		source               configs.Source
		password, token, err string
	}{
		{configs.Source{User: "me"}, "", "", ""},
		{configs.Source{User: "me", PasswordEnv: "DOOR_PASSWORD"}, "from env", "", ""},
		{configs.Source{User: "me", PasswordFile: file}, "from file", "", ""},
		{configs.Source{TokenEnv: "DOOR_TOKEN"}, "", "token 1", ""},
		{configs.Source{PasswordEnv: "NOT_SET_ANYWHERE"}, "", "", "source: password_env: "},
		{configs.Source{TokenEnv: "NOT_SET_ANYWHERE"}, "", "", "source: token_env: "},
		{configs.Source{PasswordFile: empty}, "", "", "source: password_file: "},
		{configs.Source{PasswordFile: dir + "/gone"}, "", "", "source: password_file: "},
	} {
		o, err := liveOptions(c.source)
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
