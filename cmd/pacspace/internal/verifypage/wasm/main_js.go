// Wasm is the Go half of the verify page. It runs in the page's worker and hands package
// check to worker.js as functions.
package main

import (
	"encoding/json"
	"errors"
	"syscall/js"

	"github.com/pacspace/pacspace-go/cmd/pacspace/internal/verifypage/check"
)

// session is what the last verification left for the pictures.
type session struct {
	file   *file
	answer *check.Answer
	survey *check.Survey
}

var errNothing = errors.New("nothing is verified; verify the file again")

func main() {
	var s session
	js.Global().Set("checker", map[string]any{
		"kind":   function(s.kind),
		"verify": function(s.verify),
		"look":   function(s.look),
		"path":   function(s.path),
		"anchor": function(s.anchor),
	})
	js.Global().Call("ready")
	select {}
}

// function makes a JavaScript function that answers with JSON: {"ok": ...} or {"error": "..."}.
func function(f func(args []js.Value) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		ok, err := f(args)
		reply := map[string]any{"ok": ok}
		if err != nil {
			reply = map[string]any{"error": err.Error()}
		}
		text, err := json.Marshal(reply)
		if err != nil {
			text, _ = json.Marshal(map[string]any{"error": err.Error()})
		}
		return string(text)
	})
}

// kind takes a File.
func (s *session) kind(args []js.Value) (any, error) {
	return check.Kind(&file{args[0]})
}

// verify takes what the form has: files by name, and the request as JSON.
func (s *session) verify(args []js.Value) (any, error) {
	form := args[0]
	*s = session{file: fileOf(form.Get("file"))}
	in := &check.Input{File: s.file, Request: []byte(form.Get("request").String())}
	if f := fileOf(form.Get("history")); f != nil {
		in.History = f
	}
	if f := fileOf(form.Get("own")); f != nil {
		in.Own = f
	}
	for i := range form.Get("anchors").Length() {
		in.Anchors = append(in.Anchors, fileOf(form.Get("anchors").Index(i)))
	}
	s.answer = check.Verify(in)
	return s.answer, nil
}

// look goes over the evidence again for the pictures.
func (s *session) look([]js.Value) (any, error) {
	if s.answer == nil {
		return nil, errNothing
	}
	survey, err := check.Look(s.file, s.answer.Report)
	s.survey = survey
	return survey, err
}

// path takes the number or the reference of a delta.
func (s *session) path(args []js.Value) (any, error) {
	if s.survey == nil {
		return nil, errNothing
	}
	return s.survey.Path(args[0].String())
}

// anchor gives the anchor file of the end of the balance.
func (s *session) anchor([]js.Value) (any, error) {
	if s.answer == nil {
		return nil, errNothing
	}
	return s.answer.Anchor()
}
