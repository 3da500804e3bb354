package metering

import (
	"maps"
	"slices"
)

// Bounds of the dimensions that a day keeps of an account, of all its events together: the
// smallest names, and of each the smallest values, byte by byte, so that the order in which
// events arrive changes nothing.
const (
	MaxDimensionNames  = 100
	MaxDimensionValues = 100 // of one name
)

// Dimensions are the dimensions of a day: of each name the values, sorted, each once.
type Dimensions map[string][]string

// Add adds a value, within the bounds: a name that is kept at the end was kept from its
// first event on, so none of its values is missing. For stores.
func (d *Dimensions) Add(name, value string) {
	if *d == nil {
		*d = Dimensions{}
	}
	values := (*d)[name]
	if at, found := slices.BinarySearch(values, value); !found && at < MaxDimensionValues {
		values = slices.Insert(values, at, value)
		(*d)[name] = values[:min(len(values), MaxDimensionValues)]
	}
	if len(*d) > MaxDimensionNames {
		delete(*d, slices.Max(slices.Collect(maps.Keys(*d))))
	}
}

// AddAll adds the values of other.
func (d *Dimensions) AddAll(other Dimensions) {
	for name, values := range other {
		for _, v := range values {
			d.Add(name, v)
		}
	}
}
