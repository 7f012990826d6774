// Package unavailable puts what the gateway itself cannot answer (no pod of a service is there, or a connection broke) into PayPal's error
// envelope: 503 with Retry-After. Whatever a service answered has a Paypal-Debug-Id and passes unchanged.
package unavailable

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
)

type Config struct {
	RetryAfter string `json:"retryAfter,omitempty"`
}

func CreateConfig() *Config {
	return &Config{RetryAfter: "1"}
}

func New(_ context.Context, next http.Handler, config *Config, _ string) (http.Handler, error) {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		next.ServeHTTP(&writer{ResponseWriter: answer, retryAfter: config.RetryAfter}, request)
	}), nil
}

type writer struct {
	http.ResponseWriter
	retryAfter string
	replaced   bool
}

func (w *writer) WriteHeader(status int) {
	if status < 502 || status > 504 || w.Header().Get("Paypal-Debug-Id") != "" {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.replaced = true
	raw := make([]byte, 7)
	_, _ = rand.Read(raw)
	id := hex.EncodeToString(raw)[:13]
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Del("Content-Length")
	header.Set("Retry-After", w.retryAfter)
	header.Set("Paypal-Debug-Id", id)
	w.ResponseWriter.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprintf(w.ResponseWriter, `{"name":"SERVICE_UNAVAILABLE","message":"Service unavailable.","debug_id":"%s","links":[]}`, id)
}

func (w *writer) Write(body []byte) (int, error) {
	if w.replaced {
		return len(body), nil
	}
	return w.ResponseWriter.Write(body)
}

func (w *writer) Flush() {
	if flusher, ok := w.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
}
