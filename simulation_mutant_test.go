package pacspace_test

import (
	"net/http"

	"github.com/pacspace/pacspace-go"
)

// double stands between the program and its client, or between the client and the
// network, and makes one mistake.
type double struct {
	name    string
	wire    func(w *world, next http.RoundTripper) http.RoundTripper
	options []pacspace.Option
	client  func(p *program)
}
