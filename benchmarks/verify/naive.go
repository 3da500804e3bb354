package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	"golang.org/x/crypto/sha3"
)

// naive verifies as one would in an afternoon, with the standard library and x/crypto: no
// strict reading, no limits, one variant, everything in memory.
func naive(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	var header struct {
		StartingBalance, ClaimedBalance string
		Count                           int
		Checkpoint                      struct{ ProofRoot string }
	}
	if !lines.Scan() {
		return errors.New("no header")
	}
	if err := json.Unmarshal(lines.Bytes(), &header); err != nil {
		return err
	}
	balance, _ := new(big.Rat).SetString(header.StartingBalance)
	seen := map[string]bool{}
	var leaves []string
	last := ""
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), `{"end"`) {
			break
		}
		var line struct {
			Sequence                                            int
			Item                                                json.RawMessage
			RecordID, ContentHash, ProofHash, PreviousProofHash string
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return err
		}
		var item map[string]any
		decoder := json.NewDecoder(strings.NewReader(string(line.Item)))
		decoder.UseNumber()
		if err := decoder.Decode(&item); err != nil {
			return err
		}
		form, err := json.Marshal(item)
		if err != nil {
			return err
		}
		if keccakText("pacspace:item:v1:"+string(form)) != line.ContentHash {
			return fmt.Errorf("delta %d: content hash", line.Sequence)
		}
		reference, _ := item["referenceId"].(string)
		if seen[reference] || seen[line.RecordID] {
			return fmt.Errorf("delta %d: billed twice", line.Sequence)
		}
		seen[reference], seen[line.RecordID] = true, true
		if line.Sequence != len(leaves)+1 {
			return fmt.Errorf("delta %d: order", line.Sequence)
		}
		if last != "" && line.ProofHash != last && line.PreviousProofHash != last {
			return fmt.Errorf("delta %d: chain", line.Sequence)
		}
		last = line.ProofHash
		amount, ok := new(big.Rat).SetString(string(item["delta"].(json.Number)))
		if !ok {
			return fmt.Errorf("delta %d: amount", line.Sequence)
		}
		balance.Add(balance, amount)
		leaves = append(leaves, line.ContentHash)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	claim, _ := new(big.Rat).SetString(header.ClaimedBalance)
	for level := leaves; len(level) > 1; {
		var next []string
		for i := 0; i < len(level); i += 2 {
			right := level[min(i+1, len(level)-1)]
			next = append(next, keccakText("pacspace:node:v1:"+level[i]+right))
		}
		level, leaves = next, next
	}
	if len(leaves) != 1 || leaves[0] != header.Checkpoint.ProofRoot || balance.Cmp(claim) != 0 {
		return errors.New("does not match")
	}
	return nil
}

func keccakText(message string) string {
	h := sha3.NewLegacyKeccak256()
	h.Write([]byte(message))
	return "0x" + hex.EncodeToString(h.Sum(nil))
}
