// Package markdown reads what tests ask of the repository's documents: their fenced blocks,
// their headings, and the code in their prose.
package markdown

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Documents are the paths of the documents of the repository at root.
func Documents(root string) ([]string, error) {
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// Block is a fenced block of a document.
type Block struct {
	Language string
	Text     string
	Line     int    // of the document before its first
	Section  string // the heading above it
}

// First is its first line.
func (b Block) First() string {
	first, _, _ := strings.Cut(b.Text, "\n")
	return first
}

// Blocks are the fenced blocks of a document in their order.
func Blocks(document string) ([]Block, error) {
	text, err := os.ReadFile(document)
	if err != nil {
		return nil, err
	}
	var blocks []Block
	inside, section := false, ""
	for i, line := range strings.Split(string(text), "\n") {
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && inside:
			inside = false
		case fence:
			inside = true
			blocks = append(blocks, Block{Language: language, Line: i + 1, Section: section})
		case inside:
			blocks[len(blocks)-1].Text += line + "\n"
		case strings.HasPrefix(line, "#"):
			section = strings.TrimLeft(line, "# ")
		}
	}
	if inside {
		return nil, fmt.Errorf("%s: a block is never closed", document)
	}
	return blocks, nil
}

var (
	fenced       = regexp.MustCompile("(?s)```.*?```")
	fencedOrCode = regexp.MustCompile("(?s)```.*?```|`([^`\n]+)`")
	heading      = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInAnchor  = regexp.MustCompile(`[^\pL\pN_ -]`)
)

// Prose is a document without its code.
func Prose(document string) (string, error) {
	text, err := os.ReadFile(document)
	return fencedOrCode.ReplaceAllString(string(text), ""), err
}

// Code is what the prose of a document's text has between backquotes.
func Code(text string) []string {
	var code []string
	for _, m := range fencedOrCode.FindAllStringSubmatch(text, -1) {
		if m[1] != "" {
			code = append(code, m[1])
		}
	}
	return code
}

// Anchors are what a link can name in a document: its headings, as GitHub writes them.
func Anchors(document string) ([]string, error) {
	text, err := os.ReadFile(document)
	if err != nil {
		return nil, err
	}
	var anchors []string
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
		name := strings.ToLower(notInAnchor.ReplaceAllString(m[1], ""))
		anchors = append(anchors, strings.ReplaceAll(name, " ", "-"))
	}
	return anchors, nil
}
