package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/pacspace/pacspace-go/interop/internal/source"
)

//go:embed guide.md
var guide string

// Document writes API.md for the repository in a directory.
func Document(dir string) (string, error) {
	api, err := source.Read(dir)
	if err != nil {
		return "", err
	}
	lists, err := differences(dir + "/interop")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("<!-- Written by: go run ./interop/apidoc > API.md -->\n\n# API\n\n")
	if err := writeEndpoints(&b, api); err != nil {
		return "", err
	}
	writeComposed(&b, api)
	b.WriteString(guide)
	writeDifferences(&b, lists)
	return b.String(), nil
}

func writeEndpoints(b *strings.Builder, api *source.API) error {
	b.WriteString("## Endpoints\n\n")
	b.WriteString("Every method is one of `pacspace.Client`; those of `Public` are also `pacspace.NewPublic`'s and send no key. ")
	b.WriteString("`client.Do` calls any other path, with the same retries, limits and errors. ")
	b.WriteString("The section is that of the API contract which the sources of this SDK name. ")
	b.WriteString("\"Retried\" is what happens after a transient failure (408, 425, 429, 500, 502, 503, 504, no answer); a key that the caller gives always takes the place of the one that is made.\n\n")
	b.WriteString("| Go | HTTP | Python 0.7.0 | TypeScript | Section | Retried |\n|---|---|---|---|---|---|\n")
	for _, r := range api.Routes {
		n, ok := names[r.Endpoint()]
		if !ok {
			n = inOtherSDKs{none, unknown}
		}
		methods := methodsOf(api, r)
		if len(methods) == 0 {
			return fmt.Errorf("apidoc: %s: no method uses %s", r.Endpoint(), r.Var)
		}
		retried, err := retried(api, r, methods)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "| %s | `%s` | %s | %s | %s | %s |\n", code(methods), r.Endpoint(), n.python, n.typescript, r.Doc, retried)
	}
	b.WriteString("\n")
	return nil
}

// methodsOf are the methods that use a route themselves, then those that use it alone
// through others.
func methodsOf(api *source.API, r source.Route) []string {
	var direct, through []string
	for _, m := range api.Methods {
		reached := api.Reaches(m.Name)
		switch {
		case slices.Contains(m.Direct, r.Var):
			direct = append(direct, m.Name)
		case len(reached) == 1 && reached[0] == r:
			through = append(through, m.Name)
		}
	}
	return append(direct, through...)
}

// retried says in words what a route's rule means.
func retried(api *source.API, r source.Route, methods []string) (string, error) {
	switch r.Retry {
	case "retryRead":
		return "yes: it changes nothing", nil
	case "retryNever":
		return "no", nil
	case "retryByIdentity":
		return "only where the call names what it makes", nil
	case "retryKeyed":
		for _, m := range api.Methods {
			if key, ok := keys[m.Key]; ok && slices.Contains(methods, m.Name) {
				return "with its Idempotency-Key: " + key, nil
			}
		}
		return "with the caller's Idempotency-Key", nil
	}
	return "", fmt.Errorf("apidoc: %s: retry rule %q has no words", r.Endpoint(), r.Retry)
}

// keys are the Idempotency-Keys that methods make, by the function of package idem.
var keys = map[string]string{
	"Reference": "the referenceId, or `ref-` and its SHA-256 where it cannot stand in a header; without a referenceId there is none and no retry",
	"Batch":     "`batch-` and the SHA-256 of the body",
	"Random":    "a random UUID, since a fixed key would hide later deltas",
}

func writeComposed(b *strings.Builder, api *source.API) {
	b.WriteString("Methods that use several endpoints:\n\n| Go | HTTP |\n|---|---|\n")
	for _, m := range api.Methods {
		reached := api.Reaches(m.Name)
		if len(reached) < 2 {
			continue
		}
		var endpoints []string
		for _, r := range reached {
			endpoints = append(endpoints, r.Endpoint())
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", m.Name, code(endpoints))
	}
	b.WriteString("\n")
}

func writeDifferences(b *strings.Builder, lists []list) {
	for _, l := range lists {
		fmt.Fprintf(b, "\n### %s\n\n", l.title)
		if len(l.reasons) == 0 {
			b.WriteString("None.\n")
		}
		for _, r := range l.reasons {
			fmt.Fprintf(b, "- %s", r.text)
			if len(r.cases) > 0 {
				fmt.Fprintf(b, " (%s)", code(r.cases))
			}
			b.WriteString("\n")
		}
	}
}

func code(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = "`" + t + "`"
	}
	return strings.Join(quoted, ", ")
}
