package invoice

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// quiet is the margin of a QR code in modules, without which cameras do not find it.
const quiet = 4

// code is a QR code as rows of dark modules, without its margin.
type code struct {
	size int
	dark func(x, y int) bool
}

// qrCode makes the code of a link. Level M still reads with a seventh of it gone.
func qrCode(link string) (code, error) {
	b, err := qr.Encode(link, qr.M, qr.Auto)
	if err != nil {
		return code{}, fmt.Errorf("invoice: QR code of the verify link: %w", err)
	}
	return code{b.Bounds().Dx(), func(x, y int) bool { return isDark(b, x, y) }}, nil
}

func isDark(b barcode.Barcode, x, y int) bool {
	r, _, _, _ := b.At(x, y).RGBA()
	return r < 0x8000
}

// runs yields the dark stretches of the code, a row at a time: one shape for each, since
// between neighbouring shapes renderers leave hairlines.
func (c code) runs(yield func(x, y, length int)) {
	for y := range c.size {
		for x := 0; x < c.size; x++ {
			n := 0
			for x+n < c.size && c.dark(x+n, y) {
				n++
			}
			if n > 0 {
				yield(x, y, n)
				x += n
			}
		}
	}
}

// QRCode is the verify link as an SVG picture for a page, empty without a link.
func (s *Statement) QRCode() (template.HTML, error) {
	if s.Proof == nil || s.Proof.VerifyURL == "" {
		return "", nil
	}
	c, err := qrCode(s.Proof.VerifyURL)
	if err != nil {
		return "", err
	}
	var path strings.Builder
	c.runs(func(x, y, n int) { fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n) })
	side := c.size + 2*quiet
	// Made of numbers alone, so nothing in it needs escaping.
	return template.HTML(fmt.Sprintf(`<svg class="qr" viewBox="0 0 %d %d" role="img" aria-label="QR code of the verify link" shape-rendering="crispEdges"><rect width="%d" height="%d" fill="#fff"/><path d="%s" fill="#000"/></svg>`,
		side, side, side, side, path.String())), nil
}
