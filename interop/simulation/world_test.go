package simulation_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// A guarantee is what a billing program that keeps the rules may rely on.
type guarantee string

const (
	// holdsOnce: no delta is recorded twice.
	holdsOnce guarantee = "once"
	// holdsTruth: none is reported recorded that is not, and none refused that is.
	holdsTruth guarantee = "truth"
	// holdsEnd: every delta ends recorded, or parked for a person, and for a reason.
	holdsEnd guarantee = "end"
	// holdsSums: what the program knows adds up to what the service holds.
	holdsSums guarantee = "sums"
	// holdsCloses: every period can be closed.
	holdsCloses guarantee = "closes"
	// holdsBilled: each recorded delta is on exactly one closing.
	holdsBilled guarantee = "billed"
	// holdsVerdict: no comparison and no check of evidence comes to a wrong verdict.
	holdsVerdict guarantee = "verdict"
	// holdsDeadline: no call takes longer than its deadline.
	holdsDeadline guarantee = "deadline"
)

// guarantees are all of them, in the order of the table in docs/guarantees.md.
var guarantees = []guarantee{holdsOnce, holdsTruth, holdsEnd, holdsSums, holdsCloses, holdsBilled, holdsVerdict, holdsDeadline}

// breach is a guarantee that did not hold.
type breach struct {
	of   guarantee
	text string
}

// weather is what one run has to go through.
type weather struct {
	faults   float64 // share of requests that something happens to
	crashes  float64 // share of the program's steps at which it dies
	outages  float64 // share of requests at which the service dies
	mischief float64 // share of days on which limits change or somebody else writes
}

// world is one run: a service, a network, a program and the time they live in. All of it
// is drawn from the seed, and nothing else is random.
type world struct {
	seed      uint64
	rng       *rand.Rand
	weather   weather
	choices   []string // names of the unhelpful choices
	customers []string
	days      []pacspace.Date // of usage; the rest of the time is quiet
	periods   []pacspace.Period
	patient   bool // the program waits to fill a batch
	options   []sandbox.Option
	double    double
	box       *sandbox.Sandbox
	network   *network
	program   *program
	healed    bool
	// at is when the request that the service works on has arrived, zero for now.
	at time.Time

	trace hash.Hash
	lines []string // of the trace, where they are kept
	keep  bool
	again bool

	foreign  map[string]bool // references or keys that somebody else wrote under
	others   pacspace.Decimal
	stateful string // the service's file
	breaches []breach
	requests int
	crashes  int
	outages  int
	late     bool // a refused request came a second time, later, and was taken
}

const simKey = "pk_test_simulation.key"

// setting says what of a run is not drawn.
type setting struct {
	seed   uint64
	file   string   // for the service's state
	only   []string // the choices, nil for drawn ones
	double double
	again  bool // all that goes wrong with requests is that they come again hours later
	keep   bool // the lines of the trace
}

func newWorld(s setting) *world {
	w := &world{
		seed: s.seed, double: s.double, again: s.again, keep: s.keep, trace: sha256.New(), stateful: s.file,
		rng: rand.New(rand.NewPCG(s.seed, 0x5ac5)), foreign: map[string]bool{},
	}
	w.weather = weather{
		faults:   pick(w, 0, 0.1, 0.3, 0.6),
		crashes:  pick(w, 0, 0.01, 0.05),
		outages:  pick(w, 0, 0, 0.02),
		mischief: pick(w, 0, 0.2, 0.5),
	}
	w.customers = pick(w, []string{"acme"}, []string{"acme"}, []string{"acme", "globex"})
	w.patient = w.chance(0.5)
	day := func(m time.Month, d int) pacspace.Date { return pacspace.NewDate(2000, m, d) }
	switch months := pick(w, 0, 0, 0, 1, 1, 2, 2); months { // that are billed
	case 0:
		w.days = []pacspace.Date{day(1, 2), day(1, 3), day(1, 5), day(1, 6)}
	case 1:
		w.days, w.periods = []pacspace.Date{day(1, 2), day(1, 3), day(1, 31)}, []pacspace.Period{"2000-01"}
	case 2:
		w.days = []pacspace.Date{day(1, 2), day(1, 31), day(2, 1), day(2, 14), day(2, 29)}
		w.periods = []pacspace.Period{"2000-01", "2000-02"}
	}
	delays := pick(w, []time.Duration{0, 0}, []time.Duration{0, 0}, []time.Duration{time.Second, 2 * time.Second},
		[]time.Duration{10 * time.Minute, 20 * time.Minute}, []time.Duration{10 * time.Hour, 50 * time.Hour})
	w.options = []sandbox.Option{
		sandbox.WithAPIKey(simKey), sandbox.WithClock(w.now),
		sandbox.Delays(delays[0], delays[1]), sandbox.RequestLog(0),
	}
	if w.weather.outages > 0 {
		w.options = append(w.options, sandbox.StateFile(w.stateful))
	}
	if w.chance(0.5) { // a service may as well keep keys for longer than anybody needs
		w.options = append(w.options, sandbox.KeysExpireAfter(365*24*time.Hour))
	}
	w.choose(s.only)
	w.network = &network{w: w, answered: map[string]bool{}, unpaidFor: map[string]bool{}}
	w.program = newProgram(w)
	w.log("weather %+v delays %v choices %v", w.weather, delays, w.choices)
	return w
}

// choose draws the service's choices: in a quarter of the runs none, in another one few,
// else many. Those that exactly-once rests on are drawn more often.
func (w *world) choose(only []string) {
	share := pick(w, 0, 0.05, 0.2, 0.5)
	for _, c := range sandbox.Choices() {
		p := share
		switch c.Name {
		case "ReferencesRepeat", "RefusalsReplayed", "ReferencesNotCompared":
			p = 0.5
		}
		drawn := w.chance(p)
		if only != nil {
			drawn = slices.Contains(only, c.Name)
		}
		if drawn {
			w.choices = append(w.choices, c.Name)
			w.options = append(w.options, c.Option)
		}
	}
}

func (w *world) has(choice string) bool { return slices.Contains(w.choices, choice) }

func (w *world) now() time.Time {
	if !w.at.IsZero() {
		return w.at
	}
	return time.Now()
}

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

// span draws a span of time. It is odd to the nanosecond, so that no two things happen at
// the same instant and their order is the same in every run.
func (w *world) span(from, to time.Duration) time.Duration {
	return from + time.Duration(w.rng.Int64N(int64(to-from)))
}

func pick[T any](w *world, of ...T) T { return of[w.rng.IntN(len(of))] }

func (w *world) log(format string, args ...any) {
	line := fmt.Sprintf("%s "+format, append([]any{time.Now().Format("01-02 15:04:05.000000000")}, args...)...)
	fmt.Fprintln(w.trace, line)
	if w.keep {
		w.lines = append(w.lines, line)
	}
}

func (w *world) digest() string { return hex.EncodeToString(w.trace.Sum(nil)) }

func (w *world) breach(of guarantee, format string, args ...any) {
	b := breach{of, fmt.Sprintf(format, args...)}
	w.breaches = append(w.breaches, b)
	w.log("BREACH of %q: %s", b.of, b.text)
}

// mustWork ends the run where the simulation itself is at fault.
func mustWork(err error) {
	if err != nil {
		panic(fmt.Sprintf("simulation: %v", err))
	}
}

func (w *world) startService() {
	var err error
	w.box, err = sandbox.New(w.options...)
	mustWork(err)
}

// crashService ends the service and starts it again with what it had stored.
func (w *world) crashService() {
	w.outages++
	mustWork(w.box.Save())
	mustWork(w.box.Close())
	w.startService()
}

// died is thrown where the program crashes.
type died struct{}

// step is a point at which the program may crash.
func (w *world) step(where string) {
	if w.healed || !w.chance(w.weather.crashes) {
		return
	}
	w.crashes++
	w.log("the program dies: %s", where)
	panic(died{})
}

// run lives through the whole time and looks at what came of it.
func (w *world) run() {
	mustWork(removeFile(w.stateful))
	w.startService()
	defer func() { mustWork(w.box.Close()) }()
	// The faults end after the last usage day; what is pending then must come to its end.
	end := w.days[len(w.days)-1].End().AddDate(0, 0, 3)
	for {
		w.live(end)
		if !time.Now().Before(end) {
			break
		}
		time.Sleep(pick(w, w.span(time.Second, time.Minute), w.span(time.Minute, 2*time.Hour), w.span(20*time.Hour, 40*time.Hour)))
	}
	w.heal()
	w.live(end.AddDate(0, 0, 20))
	w.network.flush()
	w.program.finish()
	w.check()
}

// live runs the program until then, or until it dies.
func (w *world) live(until time.Time) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(died); !ok {
				panic(r)
			}
		}
	}()
	w.program.live(until)
}

func (w *world) heal() {
	w.log("healed")
	w.healed = true
	for _, customer := range w.customers {
		w.box.SetCadence(sandbox.Test, customer, 0)
	}
}

// mischief is what others do on a day: the service limits a customer, the plan runs out for
// some hours, or another program of the vendor writes under a name that is ours.
func (w *world) mischief(customer string, day pacspace.Date) {
	if w.healed || !w.chance(w.weather.mischief) {
		return
	}
	switch w.rng.IntN(6) {
	case 4, 5:
		w.network.unpaid = time.Now().Add(pick(w, 0, w.span(0, time.Second), w.span(0, time.Minute)))
		w.network.paid = w.network.unpaid.Add(w.span(time.Minute, 30*time.Hour))
		w.log("unpaid from %s to %s", w.network.unpaid, w.network.paid)
	case 0, 1:
		interval := pick(w, 0, 30*time.Hour, 72*time.Hour)
		w.log("cadence of %s is %v", customer, interval)
		w.box.SetCadence(sandbox.Test, customer, interval)
	case 2:
		w.writeForeign(customer, pacspace.DailyReference(customer, day), "")
	case 3:
		w.writeForeign(customer, fmt.Sprintf("other:%s:%s", customer, day), pacspace.DailyReference(customer, day))
	}
}

// foreignAmount is an amount that no usage has.
var foreignAmount = pacspace.NewDecimal(-7777)

func (w *world) writeForeign(customer, reference, key string) {
	name := reference
	if key != "" {
		name = key
	}
	if w.foreign[name] || len(w.program.store.find(name)) > 0 {
		return
	}
	body := fmt.Sprintf(`{"customerId":%q,"delta":%s,"reason":"of another program","referenceId":%q,"metadata":{"resource":"minutes"}}`, customer, foreignAmount, reference)
	a := w.network.deliver(message{method: http.MethodPost, target: "/api/v1/balance/delta", body: []byte(body), header: http.Header{
		"X-Api-Key": {simKey}, "Content-Type": {"application/json"}, "Idempotency-Key": nonEmpty(key),
	}})
	w.log("another program writes %s under key %q: %d", reference, key, a.Code)
	w.foreign[name] = true // even where it was refused, since a refusal can be kept under a key
	if a.Code == http.StatusCreated {
		w.others = w.others.Add(foreignAmount)
	}
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
