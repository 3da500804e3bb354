// Package proof checks offline that an invoice follows from recorded usage.
package proof
