// Package interop holds what pacspace-go is compared with: the vectors that were
// computed with the official Python SDK, and the tests that read them. It is a module
// of its own so that users of the SDK download none of it.
package interop
