//go:build unix

package sqlstore_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/pacspace/pacspace-go/sandbox"
)

// killClock is a clock that all processes of a harness share: the machine's, and an offset
// in a file.
type killClock struct{ file *os.File }

// killStart is when the harness begins. Usage is of the days before.
var killStart = time.Date(2026, time.February, 10, 9, 0, 0, 0, time.UTC)

func openClock(path string) (*killClock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	return &killClock{f}, err
}

func (c *killClock) offset() time.Duration {
	var b [8]byte
	_, _ = c.file.ReadAt(b[:], 0)
	return time.Duration(binary.BigEndian.Uint64(b[:]))
}

func (c *killClock) now() time.Time { return time.Now().Add(c.offset()) }

func (c *killClock) advance(d time.Duration) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(c.offset()+d))
	_, _ = c.file.WriteAt(b[:], 0)
}

// keysLive is for how long a service knows keys whose references repeat: longer than meters
// trust in, and by more than what passes during one request where time is made to fly.
const keysLive = 72 * time.Hour

// conduct is how a service behaves where its documents leave it open.
type conduct struct {
	name    string
	options []sandbox.Option
}

var conducts = []conduct{
	{"helpful", nil},
	{"references repeat, refusals are replayed", []sandbox.Option{
		sandbox.ReferencesRepeat(), sandbox.RefusalsReplayed(), sandbox.BatchWithoutIDs(), sandbox.KeysExpireAfter(keysLive), sandbox.CadenceLimit(time.Second),
	}},
	{"keys expire in a minute", []sandbox.Option{
		sandbox.KeysExpireAfter(time.Minute), sandbox.BatchRefusedWhole(), sandbox.PendingInError(), sandbox.FlatErrors(), sandbox.LegacyNames(),
	}},
}

const killKey = "pk_test_killharness00000000000000000"

// serviceChild is the process of the service: a sandbox that keeps its state in a file and
// spoils some of the requests.
func serviceChild(dir string, which int) error {
	clock, err := openClock(filepath.Join(dir, "clock"))
	if err != nil {
		return err
	}
	box, err := sandbox.New(append([]sandbox.Option{
		sandbox.StateFile(filepath.Join(dir, "service.json")), sandbox.WithClock(clock.now), sandbox.WithAPIKey(killKey),
		sandbox.Delays(time.Second, 3*time.Second), sandbox.ExactSums(), sandbox.RequestLog(0),
	}, conducts[which].options...)...)
	if err != nil {
		return err
	}
	// Some fail once; what is sent under an :again reference does not.
	box.FailDeltas(func(d sandbox.Recorded) (string, bool) {
		h := fnv.New32a()
		h.Write([]byte(d.ReferenceID))
		return "the ledger is full", h.Sum32()%11 == 0 && !strings.Contains(d.ReferenceID, ":again")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	say("at %s", listener.Addr())
	requests, err := os.Create(filepath.Join(dir, requestsFile))
	if err != nil {
		return err
	}
	trouble := &troubleMaker{random: rand.New(rand.NewPCG(uint64(which), 3)), share: 0.3, refused: map[string]int{}}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/control/recorded":
			box.Settle()
			_ = json.NewEncoder(w).Encode(box.Recorded(sandbox.Test, ""))
		case r.URL.Path == "/control/calm":
			trouble.end(box)
		default:
			if r.Method == http.MethodPost {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return // the client is gone
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				trouble.make(box, body)
				fmt.Fprintf(requests, "%s %s %s %s\n", clock.now().Format(time.DateTime), r.URL.Path, r.Header.Get("Idempotency-Key"), body)
			}
			box.ServeHTTP(w, r)
		}
	}))
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
	return box.Close()
}

// requestsFile lists the writes as they arrived, for whoever looks into a failure.
const requestsFile = "requests"

// troubleMaker spoils a share of the writes, and those with a delta that the service does
// not like, until it has refused that often enough for it to be found in its batch.
type troubleMaker struct {
	mu      sync.Mutex
	random  *rand.Rand
	share   float64
	refused map[string]int // by reference
}

var referenceIn = regexp.MustCompile(`"referenceId":"(usage:[^"]*)"`)

// disliked tells whether a write holds a delta that is refused once more.
func (m *troubleMaker) disliked(body []byte) (yes bool) {
	for _, found := range referenceIn.FindAllSubmatch(body, -1) {
		reference := string(found[1])
		h := fnv.New32a()
		h.Write(found[1])
		if h.Sum32()%13 == 1 && m.refused[reference] < 5 {
			m.refused[reference]++
			yes = true
		}
	}
	return yes
}

func (m *troubleMaker) end(box *sandbox.Sandbox) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.share = 0
	box.ClearFaults()
}

func (m *troubleMaker) make(box *sandbox.Sandbox, body []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := sandbox.Fault{Method: http.MethodPost}
	switch {
	case m.share > 0 && m.disliked(body):
		f.Status = 422
		box.Inject(f)
		return
	case m.random.Float64() > m.share:
		return
	}
	switch m.random.IntN(8) {
	case 0:
		f.Drop, f.AfterWrite = true, true
	case 1:
		f.Cut = new(m.random.IntN(60))
	case 2:
		f.Status, f.AfterWrite = 503, true
	case 3:
		f.Status = 500
	case 4:
		f.Status = 422
	case 5:
		f.Status = []int{401, 402, 403, 412, 429}[m.random.IntN(5)]
	case 6:
		f.Drop = true
	default:
		f.Pending = true
	}
	box.Inject(f)
}

// recordedBy asks a service what it holds.
func recordedBy(url string) (out []sandbox.Recorded, err error) {
	answer, err := http.Get(url + "/control/recorded")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the service answers %s", answer.Status)
	}
	return out, json.NewDecoder(answer.Body).Decode(&out)
}
