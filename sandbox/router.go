package sandbox

import (
	"net/url"
	"slices"
	"strings"
)

// match finds the route of a method and an escaped path, with the values of the path's
// names. It splits before it unescapes, so that an id may hold a slash, a dot-dot or
// anything else. allowed lists the methods of a path whose method did not fit.
func match(method, escapedPath string) (found *route, params []string, allowed []string) {
	segments := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	best := -1
	for i := range routes {
		values, literals, ok := fit(routes[i].Path, segments)
		if !ok {
			continue
		}
		if routes[i].Method != method {
			allowed = append(allowed, routes[i].Method)
			continue
		}
		// The more literal template wins: customers/summary before customers/{customerId}.
		if literals > best {
			best, found, params = literals, &routes[i], values
		}
	}
	slices.Sort(allowed)
	return found, params, slices.Compact(allowed)
}

// fit matches the segments of a path with a template and counts the letters that had to
// be there literally.
func fit(template string, segments []string) (params []string, literals int, ok bool) {
	names := strings.Split(strings.TrimPrefix(template, "/"), "/")
	if len(names) != len(segments) {
		return nil, 0, false
	}
	for i, name := range names {
		if !strings.HasPrefix(name, "{") {
			if name != segments[i] {
				return nil, 0, false
			}
			literals += len(name)
			continue
		}
		_, suffix, _ := strings.Cut(name, "}")
		text, found := strings.CutSuffix(segments[i], suffix)
		value, err := url.PathUnescape(text)
		if !found || err != nil || value == "" {
			return nil, 0, false
		}
		literals += len(suffix)
		params = append(params, value)
	}
	return params, literals, true
}
