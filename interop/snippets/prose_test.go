package snippets

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/interop/internal/markdown"
	"github.com/pacspace/pacspace-go/interop/internal/source"
)

// TestLinksLead follows the links between the documents of the repository, to the heading
// where they name one.
func TestLinksLead(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:\s]*)(?:#([^)\s]*))?\)`)
	found := 0
	for _, document := range documents(t) {
		prose, err := markdown.Prose(document)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(prose, -1) {
			found++
			target := document
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(document), filepath.FromSlash(m[1]))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: a link leads nowhere: %s", filepath.Base(document), m[1])
				continue
			}
			if m[2] == "" {
				continue
			}
			anchors, err := markdown.Anchors(target)
			require.NoError(t, err)
			if !slices.Contains(anchors, m[2]) {
				t.Errorf("%s: %s has no heading #%s", filepath.Base(document), filepath.Base(target), m[2])
			}
		}
	}
	require.Greater(t, found, 4)
}

// TestNamesInProseExist looks for what the prose names: with its package, as a member of a
// type, options, errors and tests.
func TestNamesInProseExist(t *testing.T) {
	t.Parallel()
	names, err := source.ReadNames(root)
	require.NoError(t, err)
	qualified := regexp.MustCompile(`\b([a-z]\w*)\.([A-Z]\w*)`)
	member := regexp.MustCompile(`\b([A-Z]\w*)\.([A-Z]\w*)`)
	bare := regexp.MustCompile(`(?:^|[^\w.])((?:With|Err)[A-Z]\w*)`)
	test := regexp.MustCompile(`(?:^|[^\w.])((?:Test|Fuzz|Benchmark)[A-Z]\w*)`)
	kinds := map[string]int{}
	eachCode(t, func(document, code string) {
		for _, m := range qualified.FindAllStringSubmatch(code, -1) {
			if exported, ours := names.Exported[m[1]]; ours {
				kinds["with its package"]++
				if !exported[m[2]] {
					t.Errorf("%s: there is no %s", document, m[0])
				}
			}
		}
		for _, m := range member.FindAllStringSubmatch(code, -1) {
			// The clients' fields are called after their services.
			is, known := names.Member(m[1], m[2])
			if service, ours := names.Member(m[1]+"Service", m[2]); ours {
				is, known = is || service, true
			}
			if known {
				kinds["of a type"]++
				if !is {
					t.Errorf("%s: there is no %s", document, m[0])
				}
			}
		}
		for _, m := range bare.FindAllStringSubmatch(code, -1) {
			kinds["alone"]++
			if !names.Anywhere(m[1]) {
				t.Errorf("%s: no package exports %s", document, m[1])
			}
		}
		for _, m := range test.FindAllStringSubmatch(code, -1) {
			kinds["test"]++
			if !slices.ContainsFunc(names.Tests, func(name string) bool { return strings.HasPrefix(name, m[1]) }) {
				t.Errorf("%s: no test is called %s", document, m[1])
			}
		}
	})
	t.Logf("%v", kinds)
	for kind, least := range map[string]int{"with its package": 100, "of a type": 50, "alone": 50, "test": 3} {
		require.Greater(t, kinds[kind], least, kind)
	}
}

// TestTheWaysNameWhatIsInTheCode holds the map for maintainers to the functions and types
// that it leads through, exported or not.
func TestTheWaysNameWhatIsInTheCode(t *testing.T) {
	t.Parallel()
	names, err := source.ReadNames(root)
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	require.NoError(t, err)
	_, ways, _ := strings.Cut(string(text), "## The way of a usage event")
	ways, _, _ = strings.Cut(ways, "## Where the rules live")
	found := 0
	for _, m := range regexp.MustCompile("`([A-Za-z]\\w*)`").FindAllStringSubmatch(ways, -1) {
		found++
		if !names.Declared[m[1]] {
			t.Errorf("docs/architecture.md: nothing is called %s", m[1])
		}
	}
	require.Greater(t, found, 15)
}

// TestFilesInProseExist looks for files and folders: by their path in the repository or
// beside the document, or by a name or a pattern alone.
func TestFilesInProseExist(t *testing.T) {
	t.Parallel()
	file := regexp.MustCompile(`^[\w.*-]+(?:/[\w.*-]+)*/?$`)
	extensions := []string{".go", ".md", ".py", ".mod", ".work"}
	base := map[string]bool{}
	var bases []string
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !base[d.Name()] {
			base[d.Name()] = true
			bases = append(bases, d.Name())
		}
		return err
	}))
	found := 0
	eachCode(t, func(document, code string) {
		if document == "docs/licences.md" {
			return // it names files of other modules
		}
		first, rest, nested := strings.Cut(code, "/")
		if !file.MatchString(code) || !slices.Contains(extensions, path.Ext(code)) && !(nested && rest != "" && exists(first)) {
			return
		}
		found++
		if exists(code) || exists(filepath.Join(filepath.Dir(document), code)) {
			return
		}
		if !nested && slices.ContainsFunc(bases, func(name string) bool { ok, _ := path.Match(code, name); return ok }) {
			return
		}
		t.Errorf("%s: there is no %s", document, code)
	})
	require.Greater(t, found, 40)
}

// TestCommandsInProseExist holds commands between backquotes to the folders and scripts that
// they name, and those of pacspace to the page of the command.
func TestCommandsInProseExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "command.md"))
	require.NoError(t, err)
	sections := map[string]string{}
	for _, s := range strings.Split(string(page), "\n## ")[1:] {
		name, text, _ := strings.Cut(s, "\n")
		sections[name] = text
	}
	local := regexp.MustCompile(`^(?:go run|go test|bash|cd) (?:-\S+ )*(?:\./)?([\w./-]+)`)
	flag := regexp.MustCompile(` (--[a-z-]+)`)
	found := 0
	eachCode(t, func(document, code string) {
		if m := local.FindStringSubmatch(code); m != nil && m[1] != "work" {
			found++
			if !exists(strings.TrimSuffix(m[1], "/...")) {
				t.Errorf("%s: %s: there is no %s", document, code, m[1])
			}
		}
		words := strings.Fields(code)
		if len(words) < 2 || words[0] != "pacspace" || document == "docs/command.md" || words[1] == "help" {
			return
		}
		found++
		section := ""
		for n := 2; n <= len(words); n++ {
			if name := strings.Join(words[:n], " "); sections[name] != "" {
				section = sections[name]
			} else if n == len(words) && section == "" && !strings.Contains(string(page), "\n## "+name+" ") {
				t.Errorf("%s: there is no command %s", document, code)
			}
		}
		for _, m := range flag.FindAllStringSubmatch(code, -1) {
			if !strings.Contains(section, m[1]) {
				t.Errorf("%s: %s: it has no flag %s", document, code, m[1])
			}
		}
	})
	require.Greater(t, found, 15)
}

// exists tells whether a file or folder of the repository is there.
func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
}

// eachCode goes through what stands between backquotes in each document's prose. Of
// CHANGELOG.md it is the first section, since the others may tell of former names.
func eachCode(t *testing.T, do func(document, code string)) {
	t.Helper()
	for _, file := range documents(t) {
		document, err := filepath.Rel(root, file)
		require.NoError(t, err)
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		text := string(content)
		if document == "CHANGELOG.md" {
			text = strings.Join(strings.SplitN(text, "\n## ", 3)[:2], "")
		}
		for _, code := range markdown.Code(text) {
			do(filepath.ToSlash(document), code)
		}
	}
}
