package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// guard rejects requests that may not be answered, and sets the headers that every response has.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		switch {
		case s.http.Loopback() && !loopbackHost(r.Host):
			http.Error(w, "This page is served on this machine only: use localhost or 127.0.0.1.", http.StatusMisdirectedRequest)
		case r.Header.Get("Sec-Fetch-Site") == "cross-site" && (r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Method == http.MethodPost):
			http.Error(w, "Requests from other sites are not allowed.", http.StatusForbidden)
		case s.refuses(r):
			allowed := s.allows(r)
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			verb := " are"
			if len(allowed) == 1 {
				verb = " is"
			}
			http.Error(w, "Only "+strings.Join(allowed, " and ")+verb+" allowed.", http.StatusMethodNotAllowed)
		case !s.isOwn(r) && !s.allowed(r):
			s.askForToken(w, r)
		case r.URL.Path == "/" && r.URL.Query().Has("token") && s.token != "":
			s.keepToken(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// setHeaders keeps responses private to this page: no caching, no content sniffing, no embedding by other sites, no
// referrer.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// loopbackHost says whether a Host header names this machine's loopback interface.
func loopbackHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}

// allowed says whether a request has the token: in its header, its URL or its cookie.
func (s *Server) allowed(r *http.Request) bool {
	if s.token == "" {
		return true
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && same(bearer, s.token) {
		return true
	}
	if same(r.URL.Query().Get("token"), s.token) {
		return true
	}
	c, err := r.Cookie(s.CookieName())
	return err == nil && same(c.Value, s.CookieValue())
}

// same compares in constant time.
func same(got, want string) bool {
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// CookieName has the port in it, because browsers send a host's cookies to all of its ports.
func (s *Server) CookieName() string {
	return fmt.Sprintf("corallite_%d", s.http.Addr().Port)
}

// CookieValue proves the token without being it.
func (s *Server) CookieValue() string {
	mac := hmac.New(sha256.New, []byte(s.token))
	io.WriteString(mac, "corallite preview cookie")
	return hex.EncodeToString(mac.Sum(nil))
}

// keepToken moves the token from the URL, where the browser's history shows it, into a cookie.
func (s *Server) keepToken(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: s.CookieName(), Value: s.CookieValue(), Path: "/", HttpOnly: true, Secure: s.http.Secure(),
		// Lax: sent when a link is followed from a chat or a terminal, not when another site embeds a picture.
		SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

//go:embed token.html
var tokenPage string

// askForToken answers a request without the right token: browsers get a form to enter it.
func (s *Server) askForToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="Corallite preview"`)
	if r.URL.Path != "/" {
		http.Error(w, "A token is required: pass the one that the program printed as token=… or in the header Authorization: Bearer …", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusUnauthorized)
	said := ""
	if r.URL.Query().Has("token") {
		said = `<p role="alert">Wrong token.</p>`
	}
	io.WriteString(w, strings.Replace(tokenPage, "<!-- said -->", said, 1))
}
