package metering_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fault is something that may go wrong between a use and its record, what happens then, and
// the tests that show it: "package.Test", and after ": " the subtest or the row of its table.
type fault struct {
	what, then string
	shown      []string
}

// faults are all that this package and its neighbours are built for. docs/metering.md tells
// an operator what follows from them.
var faults = []fault{
	// Counting.
	{"a kill before the commit", "nothing is acknowledged and nothing stored; the retry counts", []string{"sqlstore.TestKillAtEveryTransition", "metering.TestWhateverCrashesTheSumsAreThoseOfTheEvents"}},
	{"a kill after the commit, before the acknowledgement", "the retry is a duplicate", []string{"sqlstore.TestKillAtEveryTransition", "metering.TestWhateverCrashesTheSumsAreThoseOfTheEvents"}},
	{"an id twice in one call", "counted once", []string{"metering.TestAnEventCountsOnce", "storetest: an id twice in one call is counted once"}},
	{"an id with another amount, account, time or day", "the first one stands, and the error names the id", []string{"metering.TestAnIDNamesOneEvent", "storetest: an id with other content is a conflict and adds nothing, in one call and in two"}},
	{"an id at two replicas at once", "one counts it, to the other it is a duplicate", []string{"sqlstore.TestReplicasThatAreGivenTheSameEventsCountThemOnce", "storetest: many writers with the same ids count each once"}},
	{"a full disk, or a sync that fails, at a commit", "every caller of that commit gets the error, nobody else; the same events again count once", []string{"metering.TestACommitThatFailsIsAnErrorToAllWhoSharedIt", "sqlstore.TestADiskThatFailsAtAnyOperation"}},
	{"a power cut", "what was acknowledged is there", []string{"sqlstore.TestAPowerCutLosesNothingThatWasAcknowledged", "sqlstore.TestACorruptedTailOfTheLogEndsAtAWholeCommit"}},
	{"a context that ends while events wait", "the outcome is unknown, and the same call again is right", []string{"metering.TestAContextThatEndsWhileEventsWait: leaves the outcome unknown, and a retry counts once"}},
	{"events faster than the store", "Record waits; the queue is bounded and drops nothing", []string{"metering.TestAContextThatEndsWhileEventsWait: says that nothing was stored where the queue was full", "metering.TestManyCallersShareACommit"}},
	{"an event ahead of the clock, or too old", "refused with the bound, nothing stored", []string{"metering.TestAnEventThatBreaksARuleIsRefusedWithItsCall"}},
	{"an event at the edge of a day, in whatever zone", "its day in UTC", []string{"metering.TestADayIsTheUTCDay"}},
	{"a store of another environment, or of a newer program", "refused when it is opened", []string{"metering.TestAStoreBelongsToOneEnvironment", "sqlstore.TestADatabaseOfAnotherEnvironmentOrANewerProgramIsRefused"}},
	// Closing.
	{"a clock that goes back after a day was closed", "closed stays closed", []string{"metering.TestAClockThatGoesBackOpensNothing", "sqlstore.TestTheClockNeverGoesBack"}},
	{"a kill while a day is closed", "whole, or not at all", []string{"sqlstore.TestKillAtEveryTransition", "metering.TestWhateverCrashesTheSumsAreThoseOfTheEvents"}},
	{"an event while its day is closed", "in the delta or in the adjustment", []string{"storetest: events and an update that closes their bucket lose nothing between them"}},
	{"a day, or an adjustment, that sums to zero", "nothing is sent", []string{"metering.TestADayThatSumsToZeroSendsNothing", "metering.TestLateUsageAdjustsTheDaysFirstDelta: and one that sums to zero sends nothing"}},
	{"usage after its day was closed", "one adjustment of the day's first delta, after a grace of its own", []string{"metering.TestLateUsageAdjustsTheDaysFirstDelta"}},
	{"usage after a day that sent nothing", "takes the plain reference and adjusts nothing", []string{"metering.TestADayThatSumsToZeroSendsNothing: and late usage after it takes the plain reference and adjusts nothing"}},
	{"usage after a day whose delta is unsent, unknown or parked", "waits and says for what", []string{"metering.TestLateUsageWaitsForTheDaysFirstDelta", "metering.TestLateUsageWaitsWhateverHoldsTheDaysFirstDelta"}},
	{"an amount that one delta cannot hold, by size or by digits", "goes out in parts; what no deltas can hold is parked, others go on", []string{"metering.TestAnAmountThatOneDeltaCannotHoldGoesOutInParts", "metering.TestAnAmountThatNoDeltasCanHoldIsParkedAndOthersGoOn"}},
	// Sending.
	{"another version of the program between freezing and sending", "the stored bytes are sent, or the delta is parked where this version cannot", []string{"metering.TestBytesOfAnEarlierVersionAreSentAsTheyAre", "metering.TestBytesThatThisVersionWouldNotSendAreParked"}},
	{"a connection that drops after the write", "looked for, then the same bytes and key", []string{"metering.TestWhateverHappensToARequestItsDeltasCountOnce: the connection dropped after"}},
	{"a kill between the write and the answer", "unknown after the restart, recorded once", []string{"sqlstore.TestKillAtEveryTransition", "metering.TestWhateverCrashesTheSumsAreThoseOfTheEvents"}},
	{"a kill between the answer and its storing", "asked again under the same key, recorded once", []string{"sqlstore.TestKillAtEveryTransition", "metering.TestAReplicaThatSleepsOverItsLeaseChangesNothing: before it reads the answer"}},
	{"an answer that is in progress, over a restart too", "asked again, same bytes and key", []string{"metering.TestAnAnswerInProgressIsAskedForAgainOverARestart", "metering.TestWhateverHappensToARequestItsDeltasCountOnce: 202 pending for long"}},
	{"a key that is known with another body", "looked for; what is listed is confirmed, a delta alone is parked, and one of a batch does not park the others", []string{"metering.TestAKeyThatKnowsAnotherBody", "metering.TestA409ForABatchParksOnlyTheDeltaThatDrawsIt", "metering.TestWhatAKeyKnowsIsFoundHoweverLongAgoItWasRecorded"}},
	{"a 408, a 5xx, a body that is cut or no JSON", "unknown, with a wait that grows, same bytes and key", []string{"metering.TestWhateverHappensToARequestItsDeltasCountOnce: a body that is no JSON", "metering.TestBytesAndKeyStayWhileAnOutcomeIsUnknown"}},
	{"a rate limit", "all replicas wait, and it is no attempt", []string{"metering.TestA429PausesAllReplicas"}},
	{"a customer over its cadence, by a refused request", "that customer waits as told, over a restart, and nobody else", []string{"metering.TestACustomerOverItsCadenceWaitsAndOthersGoOn: of a request for one delta, for as long as the service says, over a restart"}},
	{"some items of a batch over their cadence", "the others are confirmed, these wait", []string{"metering.TestACustomerOverItsCadenceWaitsAndOthersGoOn: named by the items of a batch"}},
	{"a batch's answer that leaves an index out, or has one twice", "what it does not name is unknown, and the batch goes out again as it is", []string{"metering.TestItemsThatABatchsAnswerDoesNotNameAreUnknown", "metering.TestNoDeltaIsInTwoBatchesThatMayBeSent"}},
	{"one delta for which the whole batch is refused", "found in at most 15 requests and parked, all others go out", []string{"metering.TestAPoisonousDeltaIsFoundAndAllOthersGoOn", "metering.TestADeltaThatIsRefusedForAReasonOfItsOwnStopsNoOther"}},
	{"a refusal of the key, the plan or the account", "sending pauses, a person is told once, nothing is parked; what was unknown stays so", []string{"metering.TestARefusalOfTheKeyPausesAllAndParksNothing", "metering.TestWhatIsUnknownStaysSoThoughALaterAttemptIsRefused"}},
	{"an answer that says that the reference was there", "confirmed, and compared before it counts as verified", []string{"metering.TestAReferenceThatSomebodyElseUsedIsNeverTakenForOurs", "metering.TestAnAnswerThatTheReferenceWasThereConfirms"}},
	{"an outage that outlives the key", "looked for; found is confirmed, else parked and never sent by itself", []string{"metering.TestAnOutcomeUnknownPastTheKeysAge", "metering.TestAMachineThatSleptSendsNothingUnderAKeyThatGrewOld"}},
	{"a delta that fails after it was accepted", "parked; a repeat has a name of its own", []string{"metering.TestADeltaThatTheServiceFailsIsRepeatedUnderANameOfItsOwn", "metering.TestAFailedDeltaThatWasRecordedAfterAllIsVerified"}},
	{"two replicas that close one day", "one set of rows", []string{"metering.TestManyReplicasSendEachDeltaOnce", "storetest: two updates that make the same row agree on one"}},
	{"a lease that runs out under its holder", "the second one sends the same bytes and key; the first one's word changes nothing", []string{"metering.TestAReplicaThatSleepsOverItsLeaseChangesNothing", "metering.TestAProcessThatStoodStillBeforeItSentSendsNothing", "sqlstore.TestKillHarnessWakesAPausedReplica"}},
	{"a replica whose clock is off", "the store's clock decides", []string{"sqlstore.TestAReplicaOfAnotherClockUsesTheServers", "metering.TestAClockThatJumpsAheadClosesEarlyAndLosesNothing"}},
	{"a deadlock, or a connection lost at any statement, commit included", "run again, counted once", []string{"sqlstore.TestDeadlocksAreRunAgain", "sqlstore.TestAConnectionLostAtAnyStatementLosesAndDoublesNothing"}},
	{"a shutdown with work left and the service away", "what waited is stored, the error says what is left, the next start goes on; a second Flush waits", []string{"metering.TestCloseSaysWhatIsLeftWhileTheServiceIsDown", "metering.TestASecondFlushWaitsForTheFirst"}},
	{"a store brought back from a backup", "what may have been sent is looked for first", []string{"metering.TestAStoreBroughtBackFromABackupSendsNothingTwice"}},
	// Being told.
	{"a webhook twice, or a kill before it was answered", "kept once, applied once", []string{"reconcile.TestWhereverItCrashesItComesToTheSame", "agenttest: an event is kept once, in one call and in two", "metering.TestAWebhookSparesAsking: after the answer, twice"}},
	{"a webhook before the answer to its request", "verified by it; the answer changes nothing", []string{"metering.TestAWebhookSparesAsking: before the answer, which then changes nothing"}},
	{"webhooks in any order, or lost", "they come to the same, and gaps are filled", []string{"reconcile.TestDeliveriesInAnyOrderComeToTheSame", "reconcile.TestAgentFillsGaps"}},
	{"a webhook that cannot be stored", "it is not acknowledged, and comes again", []string{"reconcile.TestNothingIsAnsweredBeforeItIsStored"}},
	{"a webhook of a delta that nobody sent", "a person is told once", []string{"reconcile.TestAgentAlerts: books that lack a record: told once, by name, and closed when they have it", "metering.TestAWebhookSparesAsking: about a delta that was never sent is an error"}},
	{"a webhook with another amount", "a person is told both, the row stays", []string{"reconcile.TestAgentAlerts: another amount", "metering.TestAWebhookSparesAsking: that tells of another amount is an error, and the row stays"}},
}

func TestEveryFaultHasATestThatExists(t *testing.T) {
	t.Parallel()
	require.Len(t, faults, 48)
	if _, err := os.Stat("../sqlstore"); err != nil && os.Getenv("PACSPACE_INTEROP") != "required" {
		t.Skip("module sqlstore is not beside this one, so its tests cannot be looked for")
	}
	known := map[string]map[string][]string{ // texts by the function that they stand in, by package
		"metering": testsOf(t, "."), "sqlstore": testsOf(t, "../sqlstore"), "reconcile": testsOf(t, "../reconcile"),
		"storetest": testsOf(t, "../internal/storetest"), "agenttest": testsOf(t, "../internal/agenttest"),
	}
	for _, f := range faults {
		require.NotEmpty(t, f.then, f.what)
		require.NotEmpty(t, f.shown, f.what)
		for _, name := range f.shown {
			where, row, rows := strings.Cut(name, ": ")
			in, test, function := strings.Cut(where, ".")
			texts, there := known[in][test] // of all the package where no function is named
			require.True(t, there, "%s: %s is not there", f.what, name)
			require.True(t, function || rows, "%s: %s names no test", f.what, name)
			require.True(t, !rows || slices.Contains(texts, row), "%s: %s has no such row", f.what, name)
		}
	}
}

// testsOf are the texts in each test of a package, and under "" all texts in it.
func testsOf(t *testing.T, dir string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, paths, dir)
	for _, path := range paths {
		if filepath.Base(path) == "faults_test.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			name := ""
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") && strings.HasSuffix(path, "_test.go") {
				name = f.Name.Name
				out[name] = []string{}
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, err := strconv.Unquote(lit.Value)
					require.NoError(t, err)
					out[""] = append(out[""], text)
					if name != "" {
						out[name] = append(out[name], text)
					}
				}
				return true
			})
		}
	}
	return out
}
