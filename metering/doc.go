// Package metering turns usage events, or daily totals, into exactly one delta per account
// and usage day, whatever crashes.
package metering

// MaxDimensionValues is the most values that one dimension of a day is listed with.
const MaxDimensionValues = 100
