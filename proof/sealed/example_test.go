package sealed_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pacspace/pacspace-go/proof/sealed"
)

// A buyer has a record's seal history and a disclosure of two fields of its first entry.
func ExampleVerifyDisclosure() {
	history, disclosure := discloseAmount()

	result := sealed.VerifyDisclosure(history, disclosure)
	fmt.Println(result)
	for _, field := range result.Entries[0].Shown {
		fmt.Println(field.Pointer, string(field.Value))
	}
	fmt.Println(result.Limits()[0])
	// Output:
	// consistent: 1 of 1 entry checked, 2 fields shown and 3 withheld, ledger not checked
	// /amount "-50"
	// /customerId "customer_acme"
	// The ledger was not read: that the words in the history stand there is not shown.
}

// discloseAmount seals one entry and shows two of its fields, as the service does.
func discloseAmount() (history, disclosure []byte) {
	content := []byte(`{"amount":"-50","currency":"USD","customerId":"customer_acme","occurredAt":"2026-02-01T23:59:59Z","reason":"daily_usage_flush:2026-02-01"}`)
	entry, err := sealed.V3.Commit(content, sealed.Hash{31: 1})
	if err != nil {
		panic(err)
	}
	input, err := sealed.V3.SealInput(entry.RecordHash)
	if err != nil {
		panic(err)
	}
	recordKey, opening := sealed.Hash{31: 2}, sealed.Hash{31: 3}
	layout := sealed.LayoutRef{ID: 7, Version: 2, Digest: sealed.Hash{31: 4}}
	chain := sealed.Chain{ID: 296}
	state := sealed.State{1: 7, 2: 2, 3: 1}
	seal := sealed.Seal(layout, state, input, opening)

	h := sealed.History{RecordKey: recordKey, Chain: chain, Layout: layout, Version: sealed.V3, Entries: []sealed.HistoryEntry{{
		NewWord:    sealed.NewWord(state, seal),
		RecordHash: &entry.RecordHash,
	}}}
	if history, err = h.Encode(); err != nil {
		panic(err)
	}
	shown, err := entry.Disclose(0, opening, "/amount", "/customerId")
	if err != nil {
		panic(err)
	}
	d := sealed.Disclosure{RecordKey: recordKey, Chain: chain, Layout: layout, Version: sealed.V3, Entries: []sealed.DisclosedEntry{shown}}
	if disclosure, err = d.Encode(); err != nil {
		panic(err)
	}
	return history, disclosure
}

// A link copy is one file with both.
func ExampleVerifyLinkCopy() {
	file, err := sealed.EncodeLinkCopy(discloseAmount())
	if err != nil {
		panic(err)
	}
	fmt.Println(sealed.Schema(file))
	fmt.Println(sealed.VerifyLinkCopy(file).Verdict())
	// Output:
	// record-link-copy/v1
	// consistent
}

// The names of withheld fields are not secret where they can be guessed.
func ExampleMemberTag() {
	result := sealed.VerifyDisclosure(discloseAmount())
	for _, guess := range []string{"currency", "discount"} {
		for _, member := range result.Entries[0].WithheldMembers {
			if member.Tag == sealed.MemberTag(guess) {
				fmt.Println("withheld:", guess)
			}
		}
	}
	// Output: withheld: currency
}

func ExampleVersion_Commit() {
	entry, err := sealed.V2.Commit([]byte(`{"amount":"-12.50","tags":["a","b"]}`), sealed.Hash{})
	if err != nil {
		panic(err)
	}
	for _, leaf := range entry.Revealed {
		fmt.Println(leaf.Pointer, string(leaf.Value))
	}
	// Output:
	// /amount "-12.50"
	// /tags/0 "a"
	// /tags/1 "b"
}

// Whoever has a link has the key behind its #; the service has the envelope alone.
func ExampleOpenEnvelope() {
	history, disclosure := discloseAmount()
	key := sealed.NewLinkKey()
	envelope, err := sealed.SealEnvelope(disclosure, "cus_abc", key)
	if err != nil {
		panic(err)
	}
	link := "https://app.pacspace.io/c/cus_abc#" + key.Fragment()

	_, fragment, _ := strings.Cut(link, "#")
	read, ok := sealed.ParseLinkKey(fragment)
	if !ok {
		panic("no key in the link")
	}
	opened, err := sealed.OpenEnvelope(envelope, "cus_abc", read)
	if err != nil {
		panic(err)
	}
	fmt.Println(sealed.VerifyServed(history, opened).Verdict())
	fmt.Println(read)
	// Output:
	// consistent
	// <LinkKey: hidden>
}

// The formulas one by one, as another verifier would go: Version.Commit goes the whole way.
func ExampleLeaves() {
	content := []byte(`{"amount":"-12.50","tags":["a","b"]}`)
	fields, err := sealed.Leaves(content)
	if err != nil {
		panic(err)
	}
	var leaves []sealed.Hash
	for _, field := range fields {
		salt, err := sealed.V2.Salt(sealed.Hash{31: 1}, field.Pointer)
		if err != nil {
			panic(err)
		}
		leaf, err := sealed.V2.LeafHash(field.Pointer, field.Value, salt)
		if err != nil {
			panic(err)
		}
		fmt.Println(field.Pointer, leaf)
		leaves = append(leaves, leaf)
	}
	slices.SortFunc(leaves, func(a, b sealed.Hash) int { return bytes.Compare(a[:], b[:]) })
	recordHash, err := sealed.RecordHashV2(leaves)
	fmt.Println("V2", recordHash, err)
	recordHash, err = sealed.RecordHashV1(content) // no leaves and no salt: whoever can guess the content can test the guess
	fmt.Println("V1", recordHash, err)
	// Output:
	// /amount 0x0f07d0957e3a54c1a6caabe9fa8c9c037abaea6473c647f9b552564d28980207
	// /tags/0 0x9cd697bdf2584f8913b78ff84bd09dff27448387102b8f4feac250c352025e03
	// /tags/1 0xbe4bea970a883cbd05ba169cd8a58d79e54660f6b03637514212e4a7a3e3397c
	// V2 0x20f13da100a1807b776e6739338e4986d83659a0fc30d29674cc1f3f2acb3f46 <nil>
	// V1 0xf6f8e225d41a1756c8a97944386f91972f88407f93ec31863a75eed99b445b3e <nil>
}

// The owner of a record discloses one field of an entry and withholds the others.
func ExampleCommitment_Disclose() {
	entry, err := sealed.V3.Commit([]byte(`{"amount":"-12.50","note":"private","tags":["a","b"]}`), sealed.Hash{31: 1})
	if err != nil {
		panic(err)
	}
	shown, err := entry.Disclose(0, sealed.Hash{31: 3}, "/tags")
	if err != nil {
		panic(err)
	}
	for _, leaf := range shown.Revealed {
		fmt.Println(leaf.Pointer, string(leaf.Value))
	}
	fmt.Println(len(shown.Items)-len(shown.Revealed), "withheld")
	// Output:
	// /tags/0 "a"
	// /tags/1 "b"
	// 2 withheld
}
