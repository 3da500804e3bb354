package record

// Layout is a published layout: what the public state of a record of one type says.
//
// Source: records contract, section 10.1.
type Layout struct {
	ID         int    // in every word of such a record
	Version    int    // of the layout
	Name       string // such as machine-action-record/v1
	RecordType string // the type that an endpoint names, such as machine-action-record
	// Fields are the parts of the 96 bits of state, in the order of the layout's document.
	Fields []StateField
	// Lifecycle are the words that an entry's lifecycle may be, in the order of their
	// numbers in the state, from 1. A record opens with the first.
	Lifecycle []string
	// Transitions are the lifecycles that may follow each one, none where it is the end.
	// Another one is not refused: the service records it as an attempt.
	Transitions map[string][]string
	schema      contentSchema
}

// StateField is one part of a state.
type StateField struct {
	Name string // such as lifecycle or seq
	Bits int
}

// Layouts returns the published layouts of a record type, by id, and none where the
// type has no published layout.
func Layouts(recordType string) []Layout {
	var found []Layout
	for _, layout := range publishedLayouts() {
		if layout.RecordType == recordType {
			found = append(found, layout)
		}
	}
	return found
}

// transitions gives the words their numbers, 1 and up in their order, and what may follow.
type transitions []struct {
	from string
	to   []string
}

func publishedLayouts() []Layout {
	account := transitions{{"active", wordList("active", "frozen", "closed")}, {"frozen", wordList("active", "closed")}, {"closed", nil}}
	return []Layout{
		layoutOf(1, 1, "geoint-tracked-entity", transitions{
			{"detected", wordList("tracked", "lost", "archived")},
			{"tracked", wordList("tracked", "corroborated", "lost", "archived")},
			{"corroborated", wordList("tracked", "lost", "archived")},
			{"lost", wordList("tracked", "archived")},
			{"archived", nil},
		}, trackedEntityContent(), seqBits(24), reserved(32)),
		layoutOf(2, 1, "model-version-record", transitions{
			{"submitted", wordList("under_test", "revoked")},
			{"under_test", wordList("approved", "submitted", "revoked")},
			{"approved", wordList("deployed", "suspended", "revoked")},
			{"deployed", wordList("suspended", "retired", "revoked")},
			{"suspended", wordList("deployed", "retired", "revoked")},
			{"retired", nil},
			{"revoked", nil},
		}, modelVersionContent(), seqBits(24), reserved(32)),
		layoutOf(3, 1, "geoint-aoi-cell", transitions{
			{"registered", wordList("monitoring", "retired")},
			{"monitoring", wordList("monitoring", "retired")},
			{"retired", nil},
		}, areaCellContent(), seqBits(24), StateField{"activityLevel", 8}, reserved(24)),
		layoutOf(4, 1, "balance-account", account, balanceContent("v1"), seqBits(32), reserved(24)),
		layoutOf(5, 1, "usage-meter", transitions{
			{"active", wordList("active", "suspended", "closed")},
			{"suspended", wordList("active", "closed")},
			{"closed", nil},
		}, usageMeterContent(), seqBits(24), StateField{"units", 32}),
		layoutOf(6, 1, "machine-action-record", transitions{
			{"recorded", wordList("recorded", "amended", "closed")},
			{"amended", wordList("recorded", "amended", "closed")},
			{"closed", nil},
		}, machineActionContent(), seqBits(24), reserved(32)),
		layoutOf(7, 2, "balance-account", account, balanceContent("v2"), seqBits(32), reserved(24)),
	}
}

func layoutOf(id, version int, recordType string, moves transitions, schema contentSchema, rest ...StateField) Layout {
	layout := Layout{
		ID: id, Version: version, RecordType: recordType, Name: schema.name[len("record-content/"):],
		Fields:      append([]StateField{{"layoutId", 16}, {"layoutVersion", 8}, {"lifecycle", 8}, {"flags", 8}}, rest...),
		Transitions: make(map[string][]string), schema: schema,
	}
	for _, move := range moves {
		layout.Lifecycle = append(layout.Lifecycle, move.from)
		layout.Transitions[move.from] = move.to
	}
	return layout
}

func wordList(list ...string) []string { return list }
func seqBits(bits int) StateField      { return StateField{"seq", bits} }
func reserved(bits int) StateField     { return StateField{"reserved", bits} }
