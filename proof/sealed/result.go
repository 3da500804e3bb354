package sealed

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Verdict says in a word what a check found.
type Verdict string

// The verdicts of this package. There is no better one than Consistent: that the served
// history is the ledger's is not checked here.
const (
	// Consistent: every entry was checked, and each shown field follows from its entry's
	// word in the history.
	Consistent Verdict = "consistent"
	// Incomplete: nothing is wrong, but an entry could not be checked.
	Incomplete Verdict = "incomplete"
	// DoesNotMatch: a shown field, an entry or the whole is not what was sealed.
	DoesNotMatch Verdict = "does not match"
	// Unreadable: this is no disclosure, or its history is none, so nothing was compared.
	Unreadable Verdict = "unreadable"
)

// Result is the answer about a disclosure: the official verifier's, word for word, and
// beside it what nobody checked ([Result.Limits]).
type Result struct {
	// Code is the official code of a refusal, empty where nothing is wrong.
	Code Code
	// Seq is the entry that a refusal is about, counted from 0, nil where it is about none.
	Seq *uint32
	// Reason is the official sentence of a refusal, empty where nothing is wrong. It counts
	// entries from 1.
	Reason string
	// Detail says more exactly what is wrong, in words of ours that may change: a path in
	// the file, or the hash that was found. Empty where there is nothing to add.
	Detail string
	// Entries are the disclosed entries in their order. A refusal has none, since none of
	// what it shows may be relied on.
	Entries []Entry
}

// Entry is one disclosed entry, with what it shows and what it withholds kept apart.
type Entry struct {
	// Seq is the entry's place in its record, counted from 0.
	Seq uint32
	// Checked tells whether its shown fields were checked up to the seal. Where not, only
	// Note says anything, and what the file shows is not repeated here.
	Checked bool
	// Shown are the fields that were shown and checked, in the order of their pointers.
	Shown []Field
	// Withheld counts the fields that were sealed and are not shown.
	Withheld int
	// WithheldMembers is what can be seen of the withheld fields, for record hash [V3]
	// only: anyone can test a guess of a name against a tag.
	WithheldMembers []WithheldMember
	// Content is the whole content in canonical JSON where nothing is withheld and the
	// shown fields are the leaves of one content, else nil.
	Content json.RawMessage
	// Note is the official sentence that says why the entry was not checked.
	Note string
}

// WithheldMember is what a disclosure of record hash [V3] tells of a member that it does
// not show, or of which it shows only some elements.
type WithheldMember struct {
	Tag    Hash // the same as MemberTag of the member's name
	List   bool // the member is a list with elements
	Leaves int  // how many leaves of it are withheld: 1, or the withheld elements
}

// Verdict returns what was found, in a word.
func (r *Result) Verdict() Verdict {
	switch r.Code {
	case "":
		for _, entry := range r.Entries {
			if !entry.Checked {
				return Incomplete
			}
		}
		return Consistent
	case CodeMalformed, CodeTooLarge:
		return Unreadable
	default:
		return DoesNotMatch
	}
}

// ok is the official verifier's word for the verdict: true where everything was checked,
// false for a refusal, and nil where nothing is wrong and not everything could be checked.
func (r *Result) ok() *bool {
	switch r.Verdict() {
	case Consistent:
		return new(true)
	case Incomplete:
		return nil
	default:
		return new(false)
	}
}

// Err returns a refusal as an error, a *[Refusal], and nil where nothing is wrong. It is
// nil for [Incomplete] too: ask [Result.Verdict] where that must not pass.
func (r *Result) Err() error {
	if r.Code == "" {
		return nil
	}
	return &Refusal{Code: r.Code, Seq: r.Seq, Reason: r.Reason, Detail: r.Detail}
}

// Refusal is a refused disclosure as an error. What to do: what its Code says.
type Refusal struct {
	Code   Code
	Seq    *uint32
	Reason string
	Detail string
}

// Error returns the official sentence and, after it, our detail.
func (e *Refusal) Error() string {
	if e.Detail == "" {
		return "sealed: " + e.Reason
	}
	return "sealed: " + e.Reason + " (" + e.Detail + ")"
}

// Limits says what no check of this package shows, in sentences for a person.
func (r *Result) Limits() []string {
	limits := []string{
		"The ledger was not read: that the words in the history stand there is not shown.",
		"The history is what was served: that it is complete, and that each word follows the one before, is not shown.",
		"The path from an entry to its batch was not followed, only read for its form.",
		"What a word's state means was not read: that a change was allowed, and that the layout is a published one, is not shown.",
		"A shown field is what its writer sealed. Whether it is true, and when it happened, no hash can show.",
	}
	for _, entry := range r.Entries {
		if len(entry.WithheldMembers) > 0 {
			return append(limits, "Names of withheld fields can be guessed and tested, and the lengths of withheld lists can be seen; their values cannot.")
		}
	}
	return limits
}

// String returns one line.
func (r *Result) String() string {
	if r.Code != "" {
		return fmt.Sprintf("%s: %s", r.Verdict(), r.Reason)
	}
	checked, shown, withheld := 0, 0, 0
	for _, entry := range r.Entries {
		if entry.Checked {
			checked++
		}
		shown += len(entry.Shown)
		withheld += entry.Withheld
	}
	return fmt.Sprintf("%s: %d of %s checked, %s shown and %d withheld, ledger not checked",
		r.Verdict(), checked, plural(len(r.Entries), "entry", "entries"), plural(shown, "field", "fields"), withheld)
}

// Text returns the result for a person: the verdict, each entry with its shown fields, and
// what was not checked.
func (r *Result) Text() string {
	var b strings.Builder
	fmt.Fprintln(&b, r)
	if r.Detail != "" {
		fmt.Fprintf(&b, "  %s\n", r.Detail)
	}
	for _, entry := range r.Entries {
		// Entries count from 1 for people, as in the official sentences.
		fmt.Fprintf(&b, "\nEntry %d", uint64(entry.Seq)+1)
		if !entry.Checked {
			fmt.Fprintf(&b, ": not checked. %s\n", entry.Note)
			continue
		}
		fmt.Fprintf(&b, ": %s shown, %d withheld\n", plural(len(entry.Shown), "field", "fields"), entry.Withheld)
		for _, field := range entry.Shown {
			fmt.Fprintf(&b, "  %s = %s\n", visible(field.Pointer), visible(string(field.Value)))
		}
	}
	fmt.Fprint(&b, "\nNot checked:\n")
	for _, limit := range r.Limits() {
		fmt.Fprintf(&b, "  %s\n", limit)
	}
	return b.String()
}

// visible escapes what a terminal or a page might act on instead of showing it.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// officialEntry and officialResult are the official verifier's answer, member by member.
type officialEntry struct {
	Seq      uint32          `json:"seq"`
	Status   string          `json:"status"`
	Fields   []Field         `json:"fields"`
	Withheld *int            `json:"withheld"`
	Content  json.RawMessage `json:"content"`
	Note     *string         `json:"note"`
}

type officialResult struct {
	OK             *bool           `json:"ok"`
	Code           *Code           `json:"code"`
	Seq            *uint32         `json:"seq"`
	Reason         *string         `json:"reason"`
	Entries        []officialEntry `json:"entries"`
	ChainCheck     string          `json:"chainCheck"`
	ChainCheckNote string          `json:"chainCheckNote"`
}

func (r *Result) official() officialResult {
	out := officialResult{
		OK: r.ok(), Seq: r.Seq, Entries: make([]officialEntry, len(r.Entries)),
		ChainCheck: "not-checked", ChainCheckNote: chainCheckNote,
	}
	if r.Code != "" {
		out.Code, out.Reason = &r.Code, &r.Reason
	}
	for i, entry := range r.Entries {
		row := officialEntry{Seq: entry.Seq, Status: "not-checked"}
		if entry.Checked {
			row.Status, row.Fields, row.Withheld, row.Content = "checked", entry.Shown, &entry.Withheld, entry.Content
		} else {
			row.Note = &entry.Note
		}
		out.Entries[i] = row
	}
	return out
}

// MarshalJSON returns the official verifier's answer with its members, which are ok, code,
// seq, reason, entries, chainCheck and chainCheckNote, and beside them verdict, detail and
// limits, which are ours.
func (r *Result) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Verdict Verdict `json:"verdict"`
		officialResult
		Detail string   `json:"detail,omitzero"`
		Limits []string `json:"limits"`
	}{r.Verdict(), r.official(), r.Detail, r.Limits()})
}

// refused makes a refusal about an entry, or about none.
func refused(code Code, seq *number, detail error) *Result {
	r := &Result{Code: code, Entries: []Entry{}}
	var about number
	if seq != nil {
		about = *seq
		r.Seq = new(uint32(seq.value))
	}
	r.Reason = reason(code, about)
	if detail != nil {
		r.Detail = strings.TrimPrefix(detail.Error(), "sealed: ")
	}
	return r
}

func malformed(detail error) *Result { return refused(CodeMalformed, nil, detail) }
