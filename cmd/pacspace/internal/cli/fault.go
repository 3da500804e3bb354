package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/sandbox"
)

// parseFault reads a fault from name=value, with commas between.
func parseFault(text string) (sandbox.Fault, error) {
	var f sandbox.Fault
	for part := range strings.SplitSeq(text, ",") {
		name, value, valued := strings.Cut(strings.TrimSpace(part), "=")
		if err := setFault(&f, name, value, valued); err != nil {
			return f, fmt.Errorf("--fault: %w", err)
		}
	}
	return f, nil
}

func setFault(f *sandbox.Fault, name, value string, valued bool) (err error) {
	switches := map[string]*bool{"drop": &f.Drop, "pending": &f.Pending, "after-write": &f.AfterWrite}
	texts := map[string]*string{"method": &f.Method, "path": &f.Path, "code": &f.Code, "message": &f.Message}
	numbers := map[string]*int{"skip": &f.Skip, "times": &f.Times, "status": &f.Status, "retry-after": &f.RetryAfter}
	times := map[string]*time.Duration{"latency": &f.Latency, "stall": &f.Stall}
	switch {
	case switches[name] != nil && !valued:
		*switches[name] = true
	case switches[name] != nil:
		return fmt.Errorf("%q takes no value", name)
	case texts[name] != nil && value != "":
		*texts[name] = value
	case numbers[name] != nil && value != "":
		*numbers[name], err = strconv.Atoi(value)
	case name == "cut" && value != "":
		f.Cut = new(int)
		*f.Cut, err = strconv.Atoi(value)
	case times[name] != nil && value != "":
		*times[name], err = time.ParseDuration(value)
	case texts[name] != nil || numbers[name] != nil || times[name] != nil || name == "cut":
		return fmt.Errorf("%q needs a value, as in %s=VALUE", name, name)
	default:
		return fmt.Errorf("%q is no part of a fault; pacspace sandbox --help lists them", name)
	}
	if err != nil {
		return fmt.Errorf("%s: %q is not a number, or not a time such as 2s", name, value)
	}
	return nil
}
