package sandbox

import (
	"bytes"
	"fmt"
	"strings"
)

// receiptPDF is a receipt on one page: a whole PDF made of five objects and the standard
// font, which every reader has.
func receiptPDF(r *receipt) []byte {
	who := "all customers"
	if r.customer != nil {
		who = r.customer.id
	}
	lines := []string{
		"PacSpace receipt (sandbox)",
		"",
		"Receipt       " + r.id,
		"Customer      " + who,
		"From          " + r.scope.start.Format(timeForm),
		"Until         " + r.scope.end.Format(timeForm),
		fmt.Sprintf("Deltas        %d", len(r.rows)),
		"Final balance " + numberText(r.net),
		"Proof root    " + r.root.String(),
		"Generated     " + r.generatedAt.Format(timeForm),
	}
	var text strings.Builder
	const fontSize, leading, left, top = 9, 14, 50, 780
	fmt.Fprintf(&text, "BT /F1 %d Tf %d TL %d %d Td\n", fontSize, leading, left, top)
	for _, line := range lines {
		fmt.Fprintf(&text, "(%s) Tj T*\n", pdfText(line))
	}
	text.WriteString("ET")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", text.Len(), text.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return b.Bytes()
}

// pdfText escapes what would end a PDF string. All that gets here is ASCII.
func pdfText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `(`, `\(`, `)`, `\)`).Replace(s)
}
