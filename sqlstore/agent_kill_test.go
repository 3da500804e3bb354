package sqlstore_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/agentstore"
	"github.com/pacspace/pacspace-go/internal/agenttest"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// killed is the month that the killed agent works on.
var killed = agenttest.Disorder{Customers: 6, Days: 20}

// childEnv makes the test binary run as an agent that is to be killed.
const childEnv = "PACSPACE_AGENT_CHILD"

// childWork is what a parent tells its child.
type childWork struct {
	File, URL, Key, Secret, Deliveries string
	From                               int  // deliveries before it were answered with 2xx
	Hasty                              bool // a broken copy: it acknowledges before it stores
	Now                                time.Time
}

// The transitions at which a child is killed: what it says just after each.
var transitions = []string{"opened", "acknowledged", "round", "told", "ended"}

// Killed at any moment, an agent loses nothing that it acknowledged, applies each delta once
// and tells each mismatch. PACSPACE_KILLS sets the number of kills.
func TestAgentSurvivesKills(t *testing.T) {
	kills := 25
	if text := os.Getenv("PACSPACE_KILLS"); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	scene := agenttest.NewScene(t, killed)
	want := scene.Ordered(t, func(_ *testing.T, now func() time.Time) reconcile.Store { return agentstore.New(now) })

	dir := t.TempDir()
	random := rand.New(rand.NewPCG(uint64(kills), 9))
	random.Shuffle(len(scene.Deliveries), func(i, j int) {
		scene.Deliveries[i], scene.Deliveries[j] = scene.Deliveries[j], scene.Deliveries[i]
	})
	// The same deliveries come round again for as long as there are kills left.
	text, err := json.Marshal(scene.Deliveries)
	require.NoError(t, err)
	work := childWork{File: filepath.Join(dir, "agent.db"), Key: scene.Key, Secret: scene.Secret, Deliveries: filepath.Join(dir, "deliveries.json")}
	require.NoError(t, os.WriteFile(work.Deliveries, text, 0o600))
	api := httptest.NewServer(scene.API)
	t.Cleanup(api.Close)
	work.URL = api.URL

	told := map[string]bool{}
	at := map[string]int{}
	for round := range kills {
		work.Now = scene.Start.Add(time.Duration(round) * 2 * time.Minute)
		scene.Clock(work.Now)
		where, after := transitions[random.IntN(len(transitions))], 1+random.IntN(6)
		if where == "opened" || where == "ended" {
			after = 1
		}
		from := work.From
		work.From = child(t, work, told, func(line string) bool {
			if strings.HasPrefix(line, where) {
				after--
			}
			return after == 0
		}, time.Duration(random.IntN(3000))*time.Microsecond)
		at[where]++
		require.Empty(t, lost(t, work.File, scene.Deliveries[:work.From]), "acknowledged and not there")
		if work.From == len(scene.Deliveries) && round < kills-1 {
			work.From = random.IntN(from + 1) // and again: each is known already
		}
	}
	// The last child is left to end, twice, an hour apart.
	for i := range 3 {
		work.Now = scene.Start.Add(time.Duration(kills)*2*time.Minute + time.Duration(i+1)*time.Hour)
		scene.Clock(work.Now)
		work.From = child(t, work, told, func(string) bool { return false }, 0)
		require.Equal(t, len(scene.Deliveries), work.From)
	}
	db, err := sql.Open("sqlite", "file:"+work.File)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	store, err := sqlstore.OpenSQLite(t.Context(), db, pacspace.EnvironmentTest)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	agent, err := store.Agent(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, scene.State(t, agent))
	require.NoError(t, agent.View(t.Context(), func(tx reconcile.Tx) error {
		list, err := tx.Mismatches(t.Context(), reconcile.MismatchQuery{}, 100)
		require.NotEmpty(t, list)
		for _, m := range list {
			require.Equal(t, m.Revision, m.Told)
			require.True(t, told[fmt.Sprintf("%s %d", m.ID(), m.Revision)], "%s was never told", m.ID())
		}
		return err
	}))
	t.Logf("%d kills at %v: same state, %d tellings", kills, at, len(told))
}

// child runs an agent until it is killed or ends, and returns how many deliveries it
// acknowledged, in their order.
func child(t *testing.T, work childWork, told map[string]bool, kill func(line string) bool, wait time.Duration) int {
	t.Helper()
	text, err := json.Marshal(work)
	require.NoError(t, err)
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAgentChild$")
	c.Env = append(os.Environ(), childEnv+"="+string(text))
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	acknowledged, over := work.From, false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "acknowledged "); ok {
			n, err := strconv.Atoi(rest)
			require.NoError(t, err)
			acknowledged = n + 1
		}
		if rest, ok := strings.CutPrefix(line, "told "); ok {
			told[rest] = true
		}
		if !over && kill(line) {
			over = true
			time.Sleep(wait) // into the next transition
			require.NoError(t, c.Process.Kill())
		}
	}
	err = c.Wait()
	if !over {
		require.NoError(t, err, "%s", &errs)
	}
	return acknowledged
}

// lost looks into the file without the agent's code for deliveries that are not there.
func lost(t *testing.T, file string, deliveries []agenttest.Delivery) (ids []string) {
	t.Helper()
	if len(deliveries) == 0 {
		return nil
	}
	db, err := sql.Open("sqlite", "file:"+file)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT event_id FROM agent_event")
	require.NoError(t, err)
	defer rows.Close()
	stored := map[string]bool{}
	for rows.Next() {
		var id string
		require.NoError(t, rows.Scan(&id))
		stored[id] = true
	}
	require.NoError(t, rows.Err())
	for _, d := range deliveries {
		event, err := pacspace.ParseEvent(d.Body)
		require.NoError(t, err)
		if !stored[event.ID] {
			ids = append(ids, event.ID)
		}
	}
	return ids
}

// The kills find an agent that acknowledges too early; else they would show nothing.
func TestKillsFindAHastyAgent(t *testing.T) {
	scene := agenttest.NewScene(t, killed)
	dir := t.TempDir()
	text, err := json.Marshal(scene.Deliveries)
	require.NoError(t, err)
	api := httptest.NewServer(scene.API)
	t.Cleanup(api.Close)
	work := childWork{
		File: filepath.Join(dir, "agent.db"), URL: api.URL, Key: scene.Key, Secret: scene.Secret,
		Deliveries: filepath.Join(dir, "deliveries.json"), Now: scene.Start, Hasty: true,
	}
	require.NoError(t, os.WriteFile(work.Deliveries, text, 0o600))
	const rounds = 100
	for round := range rounds {
		work.From = child(t, work, map[string]bool{}, func(line string) bool { return strings.HasPrefix(line, "acknowledged") }, 0)
		if len(lost(t, work.File, scene.Deliveries[:work.From])) > 0 {
			t.Logf("found in round %d", round+1)
			return
		}
		if work.From == len(scene.Deliveries) {
			work.From = 0
		}
	}
	require.Fail(t, "an agent that acknowledges before it stores was never found")
}

// TestAgentChild is the process that is killed, and no test without one that kills it.
func TestAgentChild(t *testing.T) {
	text := os.Getenv(childEnv)
	if text == "" {
		t.Skip("is started by TestAgentSurvivesKills")
	}
	require.NoError(t, runChild(text))
}

// runChild is the agent that is killed. It says what it does, line by line.
func runChild(text string) error {
	var work childWork
	if err := json.Unmarshal([]byte(text), &work); err != nil {
		return err
	}
	body, err := os.ReadFile(work.Deliveries)
	if err != nil {
		return err
	}
	var deliveries []agenttest.Delivery
	if err := json.Unmarshal(body, &deliveries); err != nil {
		return err
	}
	ctx := context.Background()
	now := func() time.Time { return work.Now }
	db, err := sql.Open("sqlite", "file:"+work.File)
	if err != nil {
		return err
	}
	store, err := sqlstore.OpenSQLite(ctx, db, pacspace.EnvironmentTest, sqlstore.WithClock(now))
	if err != nil {
		return err
	}
	agentStore, err := store.Agent(ctx)
	if err != nil {
		return err
	}
	client, err := pacspace.New(work.Key, pacspace.WithBaseURL(work.URL))
	if err != nil {
		return err
	}
	agent, err := reconcile.New(client, agentStore, reconcile.WithSystemOfRecord(agenttest.Books(killed)),
		reconcile.WithAlert(func(_ context.Context, m reconcile.Mismatch) error {
			fmt.Printf("told %s %d\n", m.ID(), m.Revision)
			return nil
		}))
	if err != nil {
		return err
	}
	verifier, err := pacspace.NewWebhookVerifier([]string{work.Secret}, pacspace.WithTolerance(365*24*time.Hour), pacspace.WithWebhookClock(now))
	if err != nil {
		return err
	}
	handler := agent.Handler(verifier)
	fmt.Println("opened")
	for i := work.From; i < len(deliveries); i++ {
		if work.Hasty {
			fmt.Println("acknowledged", i)
		}
		r := httptest.NewRequest(http.MethodPost, "/hooks", bytes.NewReader(deliveries[i].Body))
		r.Header = deliveries[i].Header
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			return fmt.Errorf("delivery %d was answered %d", i, w.Code)
		}
		fmt.Println("acknowledged", i)
		if i%5 == 4 {
			if err := agent.Work(ctx); err != nil {
				return err
			}
			fmt.Println("round")
		}
	}
	if err := errors.Join(agent.Seed(ctx), agent.Work(ctx)); err != nil {
		return err
	}
	fmt.Println("ended")
	return nil
}
