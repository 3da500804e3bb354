// Command benchmarks runs all benchmarks of the module, one after the other, and prints
// their tables. It takes about a quarter of an hour.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	for _, command := range []string{"verify -peers", "verify -growth", "canonical", "emit", "meter", "webhook"} {
		fmt.Printf("## %s\n\n", command)
		args := strings.Fields(command)
		cmd := exec.Command("go", append([]string{"run", "github.com/pacspace/pacspace-go/benchmarks/" + args[0]}, args[1:]...)...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			fmt.Fprintf(os.Stderr, "benchmarks: %s: %v\n", command, err)
			os.Exit(1)
		}
		fmt.Println()
	}
}
