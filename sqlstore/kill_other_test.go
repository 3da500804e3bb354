//go:build !unix

package sqlstore_test

// killChild tells that this is no process of the kill harness, which needs Unix signals.
func killChild() bool { return false }
