package wire_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/wire"
)

func TestEveryEnvelopeOfTheContractIsTakenOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body      string
		payload   string
		enveloped bool
	}{
		"success and data":                    {`{"success":true,"data":{"x":1}}`, `{"x":1}`, true},
		"with a message":                      {`{"success":true,"data":{"x":1},"message":"ok"}`, `{"x":1}`, true},
		"a status code":                       {`{"statusCode":200,"data":{"x":1}}`, `{"x":1}`, true},
		"space around it":                     {" \r\n{ \"data\" : [ ] , \"success\" : true }\n", `[ ]`, true},
		"data that is null":                   {`{"success":true,"data":null}`, `null`, true},
		"no envelope":                         {`{"verified":true}`, `{"verified":true}`, false},
		"success that is no boolean":          {`{"success":"true","data":{"x":1}}`, `{"success":"true","data":{"x":1}}`, false},
		"data alone is a payload's own field": {`{"data":{"x":1}}`, `{"data":{"x":1}}`, false},
		"a list":                              {`[1]`, `[1]`, false},
		"success alone":                       {`{"success":true}`, `{"success":true}`, false},
		"nothing":                             {``, ``, false},
		"a field called error in an answer":   {`{"recordId":"r","error":"late"}`, `{"recordId":"r","error":"late"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := wire.Unwrap([]byte(c.body))
			require.NoError(t, err)
			require.Equal(t, c.payload, a.Payload)
			require.Equal(t, c.enveloped, a.Enveloped)
		})
	}
}

func TestA2xxThatTellsOfAFailureIsNoAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, code, message string }{
		"success false":              {`{"success":false,"error":{"code":"C","message":"M"}}`, "C", "M"},
		"success false with data":    {`{"success":false,"data":{"x":1}}`, "", ""},
		"an error object":            {`{"error":{"code":"C","message":"M"}}`, "C", "M"},
		"an error text":              {`{"error":"M"}`, "", "M"},
		"an error's own status":      {`{"statusCode":404,"message":"M","data":{}}`, "", "M"},
		"a message and nothing else": {`{"message":"M"}`, "", "M"},
		"a code and nothing else":    {`{"code":"C"}`, "C", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.Unwrap([]byte(c.body))
			var r *wire.Refusal
			require.ErrorAs(t, err, &r)
			require.Equal(t, c.code, r.Failure.Code)
			require.Equal(t, c.message, r.Failure.Message)
		})
	}
	for _, body := range []string{`<html>`, `{"success":true,"data":{"x":1`, `{} {}`, "\ufeff{}", `NaN`, `{"a":Infinity}`} {
		t.Run("not JSON: "+body, func(t *testing.T) {
			t.Parallel()
			_, err := wire.Unwrap([]byte(body))
			require.EqualError(t, err, "not JSON")
		})
	}
}

func TestABareListIsReadUnderTheNameThatIsGiven(t *testing.T) {
	t.Parallel()
	a, err := wire.Unwrap([]byte(`{"success":true,"data":[{"n":1},{"n":2}]}`))
	require.NoError(t, err)
	o, err := a.Object("rows")
	require.NoError(t, err)
	var sum int
	for row := range o.Array("rows") {
		sum += row.Int("n")
	}
	require.Equal(t, 3, sum)

	for name, c := range map[string]struct{ payload, list, err string }{
		"a list where none may be": {`[]`, "", "want an object, got an array"},
		"null":                     {`null`, "rows", "want an object, got null"},
		"a number":                 {`5`, "rows", "want an object, got a number"},
		"nothing":                  {``, "rows", "the body is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.Answer{Payload: c.payload}.Object(c.list)
			require.EqualError(t, err, c.err)
		})
	}
}

func TestAnAnswerInWhichNothingIsKnownIsTold(t *testing.T) {
	t.Parallel()
	o := parse(t, `{"other":1}`)
	require.True(t, o.Known(), "nothing was asked for")
	o.String("recordId")
	require.False(t, o.Known())
	o.Int("other")
	require.True(t, o.Known())
}

func TestAKeyInProgressIsRecognisedInEveryForm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		body    string
		pending bool
	}{
		"202 flat":                      {202, `{"code":"IDEMPOTENCY_PENDING"}`, true},
		"202 nested":                    {202, `{"success":false,"error":{"code":"IDEMPOTENCY_PENDING"}}`, true},
		"200 flat":                      {200, `{"code":"IDEMPOTENCY_PENDING"}`, true},
		"201 nested":                    {201, `{"error":{"code":"IDEMPOTENCY_PENDING"}}`, true},
		"202 with no body":              {202, ``, true},
		"202 with a sentence":           {202, `{"message":"still working"}`, true},
		"202 with an answer":            {202, `{"success":true,"data":{"recordId":"r"}}`, false},
		"202 with an answer, unwrapped": {202, `{"recordId":"r","status":"QUEUED"}`, false},
		"an answer beats the code":      {202, `{"success":true,"data":{"x":1},"code":"IDEMPOTENCY_PENDING"}`, false},
		"202 with another code":         {202, `{"code":"OTHER"}`, false},
		"202 with HTML":                 {202, `<html>`, false},
		"200 with no body":              {200, ``, false},
		"the word in a customer's text": {201, `{"success":true,"data":{"reason":"IDEMPOTENCY_PENDING"}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, pending := wire.Pending(c.status, []byte(c.body))
			require.Equal(t, c.pending, pending)
		})
	}
	f, _ := wire.Pending(202, []byte(`{"error":{"code":"IDEMPOTENCY_PENDING","retryAfterSeconds":"2"}}`))
	require.Equal(t, 2*time.Second, f.RetryAfter)
}

func TestWaitsAreSecondsWithOrWithoutAFraction(t *testing.T) {
	t.Parallel()
	const century = 100 * 365 * 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"0": 0, "1": time.Second, "2.5": 2500 * time.Millisecond, " 7 ": 7 * time.Second, "1e1": 10 * time.Second,
	} {
		d, ok := wire.Seconds(text)
		require.True(t, ok, text)
		require.Equal(t, want, d, text)
	}
	for _, text := range []string{"99999999999999999999", "1e300", "1e999", "9223372036.9"} {
		d, ok := wire.Seconds(text)
		require.True(t, ok, text)
		require.Greater(t, d, century, text)
	}
	for _, text := range []string{"", "-1", "-0.5", "soon", "inf", "nan", "1_0", "0x10", "1,5", "Wed, 21 Oct 2026 07:28:00 GMT"} {
		_, ok := wire.Seconds(text)
		require.False(t, ok, text)
	}
}
