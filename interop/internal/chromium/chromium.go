// Package chromium finds the browser of the tests.
package chromium

import (
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
)

// Options start a Chromium. Without one a test is skipped, or fails where
// PACSPACE_INTEROP=required.
func Options(t *testing.T) []chromedp.ExecAllocatorOption {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path(t)), chromedp.WindowSize(1100, 900))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has no sandbox for root
	}
	return options
}

func path(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("PACSPACE_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("PACSPACE_INTEROP") == "required" {
		t.Fatal("PACSPACE_INTEROP=required, and there is no Chromium: install it, or name it in PACSPACE_CHROMIUM")
	}
	t.Skip("there is no Chromium: install it, or name it in PACSPACE_CHROMIUM")
	return ""
}
