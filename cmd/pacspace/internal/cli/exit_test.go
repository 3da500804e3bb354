package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
)

func TestErrorsHaveTheCodesThatTheHelpNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"nothing went wrong":                     {nil, codeOK},
		"a verdict that was printed":             {found(codeDoesNotMatch), codeDoesNotMatch},
		"an outcome that is not known":           {pacspace.ErrOutcomeUnknown, codeUnknown},
		"an outcome unknown and an end of time":  {errors.Join(context.DeadlineExceeded, pacspace.ErrOutcomeUnknown), codeUnknown},
		"answers that do not agree":              {pacspace.ErrRecordDisagrees, codeDoesNotMatch},
		"another delta under the same reference": {pacspace.ErrReferenceConflict, codeDoesNotMatch},
		"a window that has not ended":            {pacspace.ErrBeforeCut, codeIncomplete},
		"deltas that are not settled":            {pacspace.ErrOutstanding, codeIncomplete},
		"a root that was not confirmed":          {proof.ErrNotVerified, codeIncomplete},
		"a refusal":                              {pacspace.ErrPaymentRequired, codeUnusable},
		"anything else":                          {errors.New("disk full"), codeUnusable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, codeOf(c.err))
			if c.err != nil {
				require.Equal(t, c.want, codeOf(fmt.Errorf("while closing: %w", c.err)))
			}
		})
	}
}

func TestOfSeveralCodesTheMoreTellingCounts(t *testing.T) {
	t.Parallel()
	order := []int{codeOK, codeIncomplete, codeUnusable, codeUnknown, codeDoesNotMatch}
	for i, a := range order {
		for j, b := range order {
			require.Equal(t, order[max(i, j)], worse(a, b), "%d and %d", a, b)
		}
	}
}
