package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/pacspace/pacspace-go/proof"
)

const maxSecret = 64 << 10

// secretFile reads a secret from a file: all of it, without white space around it. Errors
// name the file and nothing of what is in it.
func (a *app) secretFile(name string) (string, error) {
	b, err := a.readWhole(name, maxSecret)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" {
		return "", fmt.Errorf("%s is empty; put the secret there, alone", name)
	}
	return secret, nil
}

// ask asks for a secret on the terminal, where it is not shown as it is typed.
func (a *app) ask(what, instead string) (string, error) {
	f, ok := a.Stdin.(*os.File)
	if !ok || !isTerminal(f) {
		return "", fmt.Errorf("%s cannot be asked for without a terminal; give %s", what, instead)
	}
	fmt.Fprintf(a.Stderr, "%s (it is not shown): ", what)
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.Stderr)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" {
		return "", fmt.Errorf("%s is missing; type it, or give %s", what, instead)
	}
	return secret, nil
}

// secretFrom reads a secret from a file, or from a terminal where none is named.
func (a *app) secretFrom(file, what, instead string) (string, error) {
	if file != "" {
		return a.secretFile(file)
	}
	return a.ask(what, instead)
}

// rootHash reads a proof root, which grants access to what it proves: from a file, or from a
// terminal where none is named.
func (a *app) rootHash(file string) (proof.Hash, error) {
	text, err := a.secretFrom(file, "the proof root on the invoice", "--root-file FILE")
	if err != nil {
		return proof.Hash{}, err
	}
	root, err := proof.ParseHash(text)
	if err != nil {
		return proof.Hash{}, errors.New("the proof root is 0x and 64 hex digits; copy it whole from the invoice")
	}
	return root, nil
}

// webhookSecrets are those of the file, one a line, or of the environment, with commas or
// white space between them.
func (a *app) webhookSecrets(file string) ([]string, error) {
	text := a.Getenv("PACSPACE_WEBHOOK_SECRET")
	if file != "" {
		var err error
		if text, err = a.secretFile(file); err != nil {
			return nil, err
		}
	}
	secrets := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
	if len(secrets) == 0 {
		return nil, errors.New("the webhook secret is missing; set PACSPACE_WEBHOOK_SECRET, or give --secret-file FILE")
	}
	return secrets, nil
}
