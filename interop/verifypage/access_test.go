package verifypage

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// What a screen reader says of everything that can be used or seen.
func TestEverythingHasAName(t *testing.T) {
	t.Parallel()
	b := open(t)
	require.Equal(t, "verified", b.check(acme(t)).Verdict)
	evaluate[bool](b, "document.querySelectorAll('details').forEach((d) => { d.open = true; }), true")

	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(t, err)
	roles := map[string]int{}
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		role := text(node.Role)
		switch role {
		case "button", "textbox", "checkbox", "combobox", "img", "image", "heading", "region", "DisclosureTriangle", "progressbar":
			roles[role]++
			require.NotEmpty(t, text(node.Name), "a %s has no name: node %d", role, node.BackendDOMNodeID)
		}
	}
	require.GreaterOrEqual(t, roles["textbox"], 9, roles)
	require.Equal(t, 2, roles["image"]+roles["img"], "the two pictures: %v", roles)
}

func text(v *accessibility.Value) (text string) {
	if v == nil || json.Unmarshal(v.Value, &text) != nil {
		return ""
	}
	return text
}

func TestTheStructureIsSound(t *testing.T) {
	t.Parallel()
	b := open(t)
	require.Equal(t, "verified", b.check(acme(t)).Verdict)
	require.Equal(t, "en", evaluate[string](b, "document.documentElement.lang"))
	require.Equal(t, 1, evaluate[int](b, "document.querySelectorAll('h1').length"))
	require.Equal(t, 1, evaluate[int](b, "document.querySelectorAll('main').length"))
	require.Empty(t, evaluate[[]string](b, "[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i)"), "ids that stand twice")
	require.Equal(t, 0, evaluate[int](b, "[...document.querySelectorAll('[tabindex]')].filter((e) => e.tabIndex > 0).length"))
	require.Equal(t, 0, evaluate[int](b, "[...document.querySelectorAll('label')].filter((l) => !l.control).length"), "labels of nothing")

	require.Equal(t, 0, evaluate[int](b, "[...document.querySelectorAll('fieldset')].filter((f) => !f.querySelector('legend')).length"))

	levels := evaluate[[]int](b, "[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))")
	for i := 1; i < len(levels); i++ {
		require.LessOrEqual(t, levels[i], levels[i-1]+1, "headings skip a level: %v", levels)
	}
}

// Text stands out from what is behind it by 4.5 to 1, as WCAG 2 asks at level AA.
func TestTextCanBeRead(t *testing.T) {
	t.Parallel()
	b := open(t)
	honest := acme(t)
	changed := honest
	changed.File = []upload{{"changed.jsonl", changedCopy(honest.File[0].content)}}
	alone := form{File: honest.File, Text: map[string]string{"environment": "test"}}
	for _, scheme := range []string{"light", "dark"} {
		for _, f := range []form{honest, changed, alone} {
			b.emulate(scheme, "")
			b.check(f)
			require.Empty(t, evaluate[[]string](b, faint), scheme)
		}
	}
}

const faint = `(() => {
  const rgb = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const svg = e instanceof SVGElement, style = getComputedStyle(e);
    const [a, b] = [light(rgb(svg ? style.fill : style.color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(e.tagName + " " + e.textContent.slice(0, 40) + " " + ((a + 0.05) / (b + 0.05)).toFixed(2));
  }
  return found;
})()`

func TestThePrintedPageIsTheReport(t *testing.T) {
	t.Parallel()
	b := open(t)
	require.Equal(t, "verified", b.check(acme(t)).Verdict)
	pdf := run(b, chromedp.PrintToPDF())
	require.Greater(t, len(pdf), 10_000)
	require.Equal(t, 0, evaluate[int](b, "[...document.querySelectorAll('#result details')].filter((d) => !d.open).length"), "what is folded is printed too")
	b.emulate("dark", "print")
	require.Equal(t, "rgb(255, 255, 255)", evaluate[string](b, "getComputedStyle(document.body).backgroundColor"))
	for part, visible := range map[string]bool{"#form": false, "header": false, ".actions.screen": false, "#verdict": true, "#checks": true, "#limits": true, "#balance-picture": true} {
		require.Equal(t, visible, evaluate[bool](b, "document.querySelector('"+part+"').checkVisibility()"), part)
	}
}
