package check

import (
	"errors"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// maxPoints is how many points the picture of a balance has at most.
const maxPoints = 240

// A Survey is a second walk over evidence that was verified, for its pictures.
type Survey struct {
	// Points are the balance before the first delta and after some or all of them.
	Points []Point `json:"points"`
	// Timed tells whether each delta has a time and none is before the one before it, so
	// that the balance can be drawn over time.
	Timed bool `json:"timed"`
	Count int  `json:"count"`

	source  Source
	root    proof.Hash
	variant proof.Variant
	leaves  []proof.Hash // of the deltas under the checkpoint
}

// Point is the balance after a delta. Where it stands for several, Low and High are the
// least and the greatest balance among them.
type Point struct {
	Number  int       `json:"number"` // of the delta, counted from 1; 0 before the first one
	Day     string    `json:"day,omitzero"`
	At      time.Time `json:"at,omitzero"`
	Balance string    `json:"balance"`
	Low     string    `json:"low"`
	High    string    `json:"high"`
}

// Look walks over evidence of which a report was made. It takes the memory of one hash a
// delta.
func Look(s Source, report *proof.Report) (*Survey, error) {
	if report == nil {
		return nil, errors.New("there is no verified evidence to draw")
	}
	reader, err := proof.NewReader(s.Open())
	if err != nil {
		return nil, err
	}
	h := reader.Header()
	v := &Survey{Timed: true, Count: report.Count, source: s, root: report.Root, variant: variantOf(report, h)}
	every := max(1, (report.Count+maxPoints-1)/maxPoints)
	line := newPencil(h.StartingBalance)
	v.Points = append(v.Points, line.point(Point{}))
	number, last := 0, time.Time{}
	for l, err := range reader.Lines() {
		if err != nil {
			return nil, err
		}
		number++
		line.move(l.Item.Delta)
		v.Timed = v.Timed && !l.VerifiedAt.IsZero() && !l.VerifiedAt.Before(last)
		last = l.VerifiedAt
		if number%every == 0 || number == report.Count {
			v.Points = append(v.Points, line.point(Point{Number: number, At: l.VerifiedAt, Day: day(l.Item.ReferenceID)}))
		}
		if l.Carried == nil {
			leaf, err := v.leaf(&l)
			if err != nil {
				return nil, err
			}
			v.leaves = append(v.leaves, leaf)
		}
	}
	v.Timed = v.Timed && number > 0
	return v, nil
}

// leaf is the delta's in the tree: its content hash or, where none is stated, the one that
// its item has.
func (v *Survey) leaf(l *proof.Line) (proof.Hash, error) {
	if !l.ContentHash.IsZero() {
		return l.ContentHash, nil
	}
	return v.variant.ItemHash(l.Item)
}

// variantOf is the variant by which the report found the root, else the header's.
func variantOf(r *proof.Report, h proof.Header) proof.Variant {
	found := r.Levels[len(r.Levels)-1].Variants
	if len(found) == 0 || slices.Contains(found, h.Variant) {
		return h.Variant
	}
	return found[0]
}

func day(reference string) string {
	r, err := usage.ParseReference(reference)
	if err != nil {
		return ""
	}
	return r.Day.String()
}

// A pencil draws a balance and knows how far it went since the last point.
type pencil struct{ now, low, high decimal.Decimal }

func newPencil(at decimal.Decimal) *pencil { return &pencil{at, at, at} }

func (p *pencil) move(by decimal.Decimal) {
	p.now = p.now.Add(by)
	if p.now.Cmp(p.low) < 0 {
		p.low = p.now
	}
	if p.now.Cmp(p.high) > 0 {
		p.high = p.now
	}
}

func (p *pencil) point(at Point) Point {
	at.Balance, at.Low, at.High = p.now.String(), p.low.String(), p.high.String()
	p.low, p.high = p.now, p.now
	return at
}
