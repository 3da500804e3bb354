// Package verifypage is a page that verifies PacSpace's files in a browser, without a
// network: one HTML file that holds the checks of this SDK as WebAssembly.
package verifypage

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"strings"

	"github.com/pacspace/pacspace-go/proof"
)

//go:generate go run ./build

// The checker and the part of the Go runtime that starts it are built by package build; the
// rest of the page is as it is written.
//
//go:embed page/index.html page/style.css page/page.js page/report.js page/pictures.js page/worker.js page/licences.txt
//go:embed built/checker.wasm.gz built/wasm_exec.js
var files embed.FS

// HTML returns the page, the same bytes each time. It is UTF-8 and under 4 MiB.
func HTML() []byte {
	script := text("page/page.js") + text("page/report.js") + text("page/pictures.js")
	style := text("page/style.css")
	return []byte(strings.NewReplacer(
		"{{policy}}", policy(script, style),
		"{{variants}}", variants(),
		"{{style.css}}", style,
		"{{licences.txt}}", text("page/licences.txt"),
		"{{wasm_exec.js}}", text("built/wasm_exec.js"),
		"{{worker.js}}", text("page/worker.js"),
		"{{checker.wasm.gz}}", base64.StdEncoding.EncodeToString(content("built/checker.wasm.gz")),
		"{{page.js}}", script,
	).Replace(text("page/index.html")))
}

// variants are the choices of a scheme's variant.
func variants() string {
	var b strings.Builder
	for _, v := range proof.Variants() {
		b.WriteString("<option>" + string(v) + "</option>")
	}
	return b.String()
}

// policy lets run what the page brings, and lets nothing be loaded, sent or embedded.
func policy(script, style string) string {
	return "default-src 'none'; script-src 'wasm-unsafe-eval' " + hash(script) + "; style-src " + hash(style) +
		"; worker-src blob:; base-uri 'none'; form-action 'none'"
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func text(name string) string { return string(content(name)) }

// content cannot fail: the files are in the program.
func content(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return b
}
