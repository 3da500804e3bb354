package metering

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
)

// mostSuspects is how many unclear refusals in a row, with nothing taken in between, stop
// all sending for a while, and how many batches are halved meanwhile: enough to find one bad
// delta of a hundred, and too few to matter where the address is wrong.
const mostSuspects = 10

// mostSuspectWait bounds how long a batch that stepped back waits. It grows beyond that of
// others, so that many such batches leave room for the rest.
const mostSuspectWait = time.Hour

const settingSuspects = "suspects"

// suspects is what the refusals that may be about a delta or about the whole service are
// judged by: whether the service took anything since.
type suspects struct {
	Answered bool `json:"answered"` // since the last refusal that was not judged yet
	Refusals int  `json:"refusals"` // in a row
	Halved   int  `json:"halved"`   // batches, since the service last took something
}

func readSuspects(ctx context.Context, tx Tx) (s suspects, err error) {
	text, err := tx.Setting(ctx, settingSuspects)
	if err != nil || text == "" {
		return suspects{}, err
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return suspects{}, fmt.Errorf("setting %s: %w", settingSuspects, err)
	}
	return s, nil
}

func (s suspects) store(ctx context.Context, tx Tx) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.SetSetting(ctx, settingSuspects, string(text))
}

// clear remembers that the service took something, so that what it refuses is to blame
// itself.
func (s suspects) clear(ctx context.Context, tx Tx) error {
	if s == (suspects{Answered: true}) {
		return nil
	}
	return suspects{Answered: true}.store(ctx, tx)
}

// suspect judges a refusal that may be about one of the deltas or about the whole service.
// A batch that is refused again, while the service took others in between, is to blame: it
// is halved, and a delta alone is parked. Else it steps back, and others go on; where nothing
// at all is taken, all sending pauses and nothing is parked.
func (s *step) suspect(ctx context.Context, members []*OutboxDelta, code string, e *pacspace.APIError) error {
	is, err := readSuspects(ctx, s.tx)
	if err != nil {
		return err
	}
	again := slices.ContainsFunc(members, func(d *OutboxDelta) bool { return d != nil && d.ErrorCode == plain(code, maxCode) })
	if is.Answered && again {
		is.Answered = false // each finding rests on an answer of its own
		if err := is.store(ctx, s.tx); err != nil {
			return err
		}
		return s.poison(ctx, members, code, "the service refuses it, and takes others: "+e.Message)
	}
	is.Answered = false
	is.Refusals++
	tooMany := is.Refusals >= mostSuspects
	if tooMany {
		is.Refusals = 0
	}
	halve := s.batch.Count > 1 && is.Halved < mostSuspects
	if halve {
		is.Halved++
	}
	if err := is.store(ctx, s.tx); err != nil {
		return err
	}
	if tooMany {
		if err := s.pause(ctx, cmpWait(e.RetryAfter, refusedWait), code); err != nil {
			return err
		}
	}
	if halve {
		return s.poison(ctx, members, code, "")
	}
	return s.stepBack(ctx, members, code, max(min(s.tx.Now().Sub(s.batch.CreatedAt), mostSuspectWait), leastBackoff, bounded(e.RetryAfter)))
}
