package interop

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/record"
	"github.com/pacspace/pacspace-go/sandbox"
)

// recordForms are the sandboxes by the names that records.py knows them by.
var recordForms = map[string][]sandbox.Option{
	"main":  nil,
	"v1":    {sandbox.RecordHash(sealed.V1)},
	"v3":    {sandbox.RecordHash(sealed.V3)},
	"paged": {sandbox.RecordPage(2)},
}

// TestPythonSDKRecords lets the official Python SDK write and read sealed records in the
// sandbox, check files that were made here, and make files that are checked here. Each
// check is a subtest. It is skipped as TestPythonSDK is.
func TestPythonSDKRecords(t *testing.T) {
	python := pythonWithSDK(t)
	l := &lab{boxes: map[string]*sandbox.Server{}}
	for name, opts := range recordForms {
		l.boxes[name] = sandbox.Start(t, opts...)
	}
	l.more = recordQuestions(l)
	l.run(t, python, "records.py", "sealed records with the official Python SDK %s")
}

// shown is what records.py asks to be disclosed.
type shown struct {
	Box, Record, Code string
	Shown             []sandbox.Shown
}

// recordQuestions are what records.py asks beside what agree.py does.
func recordQuestions(l *lab) map[string]func(context.Context, json.RawMessage) reply {
	return map[string]func(context.Context, json.RawMessage) reply{
		"disclose": func(_ context.Context, with json.RawMessage) reply {
			return as(with, func(a shown) (any, error) { return disclose(l.boxes[a.Box], a) })
		},
		"share": func(_ context.Context, with json.RawMessage) reply {
			return as(with, func(a shown) (any, error) {
				return l.boxes[a.Box].ShareRecord(sandbox.Test, sandbox.Share{Record: a.Record, AccessCode: a.Code, Shown: a.Shown})
			})
		},
		"go_open": func(ctx context.Context, with json.RawMessage) reply {
			return as(with, func(a struct{ Box, Link, Code string }) (any, error) {
				return openLink(ctx, l.boxes[a.Box], a.Link, a.Code)
			})
		},
		"go_history": func(ctx context.Context, with json.RawMessage) reply {
			return as(with, func(a struct {
				Box, Record string
				From, To    int
			}) (any, error) {
				return readHistory(ctx, l.boxes[a.Box], a.Record, pacspace.EntryRange{From: a.From, To: a.To})
			})
		},
		"go_check": func(_ context.Context, with json.RawMessage) reply { return as(with, checkHistory) },
		"go_admit": func(_ context.Context, with json.RawMessage) reply {
			return as(with, func(a struct{ Lifecycle, Content string }) (any, error) {
				return refusalOf(record.Admit(record.DefaultType, a.Lifecycle, json.RawMessage(a.Content)))
			})
		},
		"go_guard": func(_ context.Context, with json.RawMessage) reply {
			return as(with, func(a struct{ Content string }) (any, error) {
				return refusalOf(record.Guard(json.RawMessage(a.Content)))
			})
		},
		"go_verify_disclosure": func(_ context.Context, with json.RawMessage) reply {
			return as(with, func(a struct{ History, Disclosure string }) (any, error) {
				return officialText(sealed.VerifyDisclosure([]byte(a.History), []byte(a.Disclosure)))
			})
		},
		"go_verify_copy": func(_ context.Context, with json.RawMessage) reply {
			return as(with, func(a struct{ Copy string }) (any, error) {
				return officialText(sealed.VerifyLinkCopy([]byte(a.Copy)))
			})
		},
		"go_fingerprint": func(_ context.Context, with json.RawMessage) reply {
			return as(with, func(a struct {
				Path  string
				Blind bool
			}) (any, error) {
				return fingerprintFile(a.Path, a.Blind)
			})
		},
		"go_fingerprint_again": func(_ context.Context, with json.RawMessage) reply {
			return as(with, func(a struct{ Path, File string }) (any, error) { return fingerprintHeld(a.Path, a.File) })
		},
	}
}

func disclose(box *sandbox.Server, a shown) (any, error) {
	disclosure, err := box.DiscloseRecord(sandbox.Test, "", a.Record, a.Shown...)
	if err != nil {
		return nil, err
	}
	history, err := box.SealHistory(sandbox.Test, "", a.Record)
	if err != nil {
		return nil, err
	}
	file, err := sealed.EncodeLinkCopy(history, disclosure)
	if err != nil {
		return nil, err
	}
	official, err := officialText(sealed.VerifyDisclosure(history, disclosure))
	return map[string]any{"history": string(history), "disclosure": string(disclosure), "copy": string(file), "official": official}, err
}

func clientOf(box *sandbox.Server) (*pacspace.Client, error) {
	return pacspace.New(box.Key, pacspace.WithBaseURL(box.URL))
}

func openLink(ctx context.Context, box *sandbox.Server, link, code string) (any, error) {
	public, err := pacspace.NewPublic(pacspace.WithBaseURL(box.URL))
	if err != nil {
		return nil, err
	}
	opened, err := public.OpenLink(ctx, link, code)
	if err != nil {
		return nil, err
	}
	return officialText(opened.Check)
}

func readHistory(ctx context.Context, box *sandbox.Server, record string, r pacspace.EntryRange) (any, error) {
	client, err := clientOf(box)
	if err != nil {
		return nil, err
	}
	entries := []int{}
	for page, err := range client.Records.History(ctx, record, r) {
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entries {
			entries = append(entries, e.Entry)
		}
	}
	return entries, nil
}

func checkHistory(a struct {
	History, Expect string
	Files           [][]struct{ Source, Blinding string }
}) (any, error) {
	expect, err := record.ParseExpectations([]byte(a.Expect))
	if err != nil {
		return nil, err
	}
	for i, files := range a.Files {
		for _, f := range files {
			source, err := hex.DecodeString(f.Source)
			if err != nil {
				return nil, err
			}
			held := record.HeldFile{Source: bytes.NewReader(source)}
			if f.Blinding != "" {
				if held.Blinding, err = record.ParseBlindingFile([]byte(f.Blinding)); err != nil {
					return nil, err
				}
			}
			expect[i].Files = append(expect[i].Files, held)
		}
	}
	check, err := record.CheckHistory([]byte(a.History), expect...)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(check)
	return string(text), err
}

func refusalOf(err error) (any, error) {
	refused, ok := errors.AsType[*record.Error](err)
	if !ok {
		return nil, errors.New("ours does not refuse it")
	}
	return map[string]string{"code": refused.Code, "message": refused.Message}, nil
}

func fingerprintFile(path string, blind bool) (any, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	made, err := record.Fingerprint(f, record.FingerprintParams{Alg: algOf(blind)})
	if err != nil || !blind {
		return map[string]any{"ref": made.Ref}, err
	}
	file, err := record.WriteBlindingFile(path, made.Blinding)
	return map[string]any{"ref": made.Ref, "file": file}, err
}

// algOf is the algorithm for what the official SDK calls blind.
func algOf(blind bool) string {
	if blind {
		return record.FingerprintBlinded
	}
	return record.FingerprintPlain
}

func fingerprintHeld(path, file string) (any, error) {
	blinding, err := record.ReadBlindingFile(file)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	made, err := record.Fingerprint(f, record.FingerprintParams{Blinding: blinding})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ref": made.Ref}, nil
}
