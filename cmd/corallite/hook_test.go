package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdHook is "hook FILE [STATUS...]": a server, whose address becomes the variable HOOK, gives the answers in turn and
// 200 after them. Of what it answers with 200 it writes a line into FILE: the Authorization and the body.
func cmdHook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: hook FILE [STATUS...]")
	}
	var answers []int
	for _, a := range args[1:] {
		status, err := strconv.Atoi(a)
		ts.Check(err)
		answers = append(answers, status)
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		status := http.StatusOK
		if len(answers) > 0 {
			status, answers = answers[0], answers[1:]
		}
		if status == http.StatusOK && err == nil {
			if _, err = f.WriteString(r.Header.Get("Authorization") + " " + string(body) + "\n"); err != nil {
				status = http.StatusInsufficientStorage
			}
		}
		w.WriteHeader(status)
	}))
	ts.Defer(func() {
		server.Close()
		f.Close()
	})
	ts.Setenv("HOOK", server.URL)
}
