package main

import (
	"strings"
	"testing"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

const refused = "refused"

// Each case with what RFC 8785, or the I-JSON that it builds on, asks for. Where a library
// answers something else, the answer is here: a release that mends it fails this test, and
// the case can lose its line.
func TestTheFormIsRightWhereTheOthersAreWrong(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for name, c := range map[string]struct {
		text, want string
		wrong      map[string]string
	}{
		"1e21":                             {text: "1e21", want: "1e+21"},
		"1e20":                             {text: "1e20", want: "100000000000000000000"},
		"-0":                               {text: "-0", want: "0"},
		"-0.0":                             {text: "-0.0", want: "0"},
		"-0e1":                             {text: "-0e1", want: "0"},
		"the smallest number":              {text: "5e-324", want: "5e-324"},
		"1e-7":                             {text: "1e-7", want: "1e-7"},
		"1E-6":                             {text: "1E-6", want: "0.000001"},
		"4.50":                             {text: "4.50", want: "4.5"},
		"a number beyond binary64":         {text: "1e400", want: refused, wrong: map[string]string{text: "1.7976931348623157e+308"}},
		"the same below zero, in a delta":  {text: `{"delta":-1e400}`, want: refused, wrong: map[string]string{text: `{"delta":-1.7976931348623157e+308}`}},
		"a zero in front":                  {text: "01", want: refused},
		"a point without digits":           {text: "1.", want: refused},
		"a plus in front":                  {text: "+1", want: refused},
		"NaN":                              {text: "NaN", want: refused},
		"a lone surrogate":                 {text: `"\ud800"`, want: refused},
		"a lone surrogate in a name":       {text: `{"\udfff":1}`, want: refused},
		"a pair":                           {text: `"\ud83d\ude00"`, want: `"😀"`},
		"invalid UTF-8":                    {text: "\"\xff\"", want: refused},
		"a surrogate in UTF-8":             {text: "\"\xed\xa0\x80\"", want: refused},
		"a name twice":                     {text: `{"a":1,"a":2}`, want: refused},
		"a name twice, once escaped":       {text: `{"a":1,"\u0061":2}`, want: refused},
		"a name twice, apart":              {text: `{"b":1,"a":2,"b":3}`, want: refused},
		"a name twice, further in":         {text: `{"z":[{"a":1,"a":1}]}`, want: refused},
		"the order of UTF-16":              {text: `{"ﬃ":1,"😀":2}`, want: `{"😀":2,"ﬃ":1}`},
		"the order of what escapes mean":   {text: `{"\u20ac":1,"\r":2,"1":3}`, want: `{"\r":2,"1":3,"€":1}`},
		"nothing escaped for a page":       {text: `"\u003c>&\u2028"`, want: "\"<>&\u2028\""},
		"controls":                         {text: `"\u0008\u000b\u001F\u007f"`, want: "\"\\b\\u000b\\u001f\x7f\""},
		"a raw control":                    {text: "\"\x01\"", want: refused},
		"white space":                      {text: " { \"a\" : [ 1 , 2 ] }\n", want: `{"a":[1,2]}`},
		"something behind":                 {text: "{} {}", want: refused},
		"a byte order mark":                {text: "\ufeff{}", want: refused},
		"10,000 levels, which need memory": {text: deep, want: refused, wrong: map[string]string{text: deep, gjcs: deep}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, library := range []string{ours, text, gjcs} {
				want := c.want
				if answer, ok := c.wrong[library]; ok {
					want = answer
				}
				if got := answer(newForm(library), c.text); got != want {
					t.Errorf("%s answers %.80q, not %.80q", library, got, want)
				}
			}
		})
	}
}

// A number that binary64 rounds has a form in RFC 8785. In what we send it is refused, since
// the other side may keep it as it is written; what others sent is read as they read it.
func TestANumberThatWouldBeRoundedIsTakenOnlyFromOthers(t *testing.T) {
	t.Parallel()
	const src, rounded = "9007199254740993", "9007199254740992"
	for _, library := range []string{text, gjcs} {
		if got := answer(newForm(library), src); got != rounded {
			t.Errorf("%s answers %q", library, got)
		}
	}
	if got := answer(newForm(ours), src); got != refused {
		t.Errorf("strict answers %q", got)
	}
	if got, err := canonical.Transform([]byte(src), canonical.Official); err != nil || string(got) != rounded {
		t.Errorf("official answers %q, %v", got, err)
	}
}

func answer(f form, src string) string {
	got, err := f([]byte(src))
	if err != nil {
		return refused
	}
	return string(got)
}

func TestEveryCandidateHasTheFormOfADelta(t *testing.T) {
	t.Parallel()
	sorted, err := canonical.Transform([]byte(submitted), canonical.Strict)
	if err != nil {
		t.Fatal(err)
	}
	for _, library := range []string{ours, text, gjcs} {
		for _, src := range []string{submitted, string(sorted)} {
			if got := answer(newForm(library), src); got != string(sorted) {
				t.Errorf("%s answers %s", library, got)
			}
		}
	}
}
