package wire

// NotAnEntry is the official sentence that teaches how a record's entries count. shown is
// what field has instead of an entry's number.
func NotAnEntry(field, shown string) string {
	return field + " is " + shown + ". Entries count from 1: the first entry is entry 1. (The HTTP API's seq counts the same positions from 0.)"
}
