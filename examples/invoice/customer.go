package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/pdfcpu/pdfcpu/pkg/api"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/examples/internal/trace"
	"github.com/pacspace/pacspace-go/proof"
)

// check does what a customer does with an invoice: he has the PDF, the proof root that is
// printed on it, and an idea of what he bought. He has no key.
func check(ctx context.Context, service, path, root string, out io.Writer) error {
	name, evidence, err := attached(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  attached: %s, %d bytes\n", name, len(evidence))

	public, err := pacspace.NewPublic(pacspace.WithBaseURL(service), pacspace.WithEnvironment(pacspace.EnvironmentTest))
	if err != nil {
		return err
	}
	defer public.Close()
	anchor, err := public.Anchor(ctx, root)
	if err != nil {
		return err
	}
	changed := bytes.Replace(evidence, []byte(`"delta":-`), []byte(`"delta":-1`), 1)
	for _, try := range []struct {
		what string
		file []byte
		want proof.Verdict
	}{
		{"the evidence", evidence, proof.Verified},
		{"a copy with one amount changed", changed, proof.DoesNotMatch},
	} {
		report, err := proof.Verify(bytes.NewReader(try.file), proof.Expect{
			CustomerID: customer, Resource: trace.Resource, Period: "2026-02", Environment: proof.EnvironmentTest,
		}, anchor)
		if err != nil {
			return fmt.Errorf("%s: %w", try.what, err)
		}
		fmt.Fprintf(out, "  %s: %s\n", try.what, report)
		if report.Verdict != try.want {
			return fmt.Errorf("%s: the verdict is %q, it must be %q:\n%s", try.what, report.Verdict, try.want, report.Text())
		}
	}
	return nil
}

// attached opens a PDF and takes the one file out of it that is attached.
func attached(path string) (name string, content []byte, err error) {
	pdf, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	files, err := api.ExtractAttachmentsRaw(bytes.NewReader(pdf), "", nil, nil)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(files) != 1 {
		return "", nil, fmt.Errorf("%s: %d files are attached, it must be one", path, len(files))
	}
	content, err = io.ReadAll(files[0])
	return files[0].FileName, content, err
}
