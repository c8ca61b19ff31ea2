// Proofs in files: tlog-proof, and the request of tlog-witness.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// splitProof reads what both forms share: lines, hashes, an empty line, a checkpoint
// that both keys signed and that is one of this log's own earlier states.
func splitProof(
	path string, heading []string, keys []key, leaves []hash,
) (number uint64, hashes []hash, head *checkpoint, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, nil, nil, err
	}
	top, note, found := bytes.Cut(raw, []byte("\n\n"))
	if !found {
		return 0, nil, nil, errors.New("no empty line before the checkpoint")
	}
	lines := strings.Split(string(top), "\n")
	for _, want := range heading[:len(heading)-1] {
		if lines[0] != want || len(lines) < 2 {
			return 0, nil, nil, fmt.Errorf("no line %q", want)
		}
		lines = lines[1:]
	}
	if strings.HasPrefix(lines[0], "extra ") && len(heading) > 1 && len(lines) > 1 {
		lines = lines[1:] // authenticated by nothing
	}
	text, found := strings.CutPrefix(lines[0], heading[len(heading)-1])
	if !found {
		return 0, nil, nil, fmt.Errorf("no line %q", heading[len(heading)-1])
	}
	if number, err = decimal(text); err != nil {
		return 0, nil, nil, err
	}
	for _, line := range lines[1:] {
		each, err := decodeHash(line)
		if err != nil {
			return 0, nil, nil, err
		}
		hashes = append(hashes, each)
	}
	if head, err = openCheckpoint(note, keys); err != nil {
		return 0, nil, nil, err
	}
	if head.size > uint64(len(leaves)) {
		return 0, nil, nil, errors.New("its checkpoint is newer than the log")
	}
	if treeHash(leaves[:head.size]) != head.root {
		return 0, nil, nil, errors.New("its checkpoint is of another history")
	}
	return number, hashes, head, nil
}

func verifyInclusion(path string, keys []key, leaves []hash) error {
	entry, err := os.ReadFile(strings.TrimSuffix(path, filepath.Ext(path)) + ".entry")
	if err != nil {
		return err
	}
	index, hashes, head, err := splitProof(
		path, []string{"c2sp.org/tlog-proof@v1", "index "}, keys, leaves)
	if err != nil {
		return err
	}
	root, err := rootFromPath(leafHash(entry), index, head.size, hashes)
	if err != nil {
		return err
	}
	if root != head.root {
		return fmt.Errorf("the entry is not at index %d of the signed tree", index)
	}
	return nil
}

func verifyConsistency(path string, keys []key, leaves []hash) error {
	old, hashes, head, err := splitProof(path, []string{"old "}, keys, leaves)
	if err != nil {
		return err
	}
	if old > head.size {
		return errors.New("it goes back")
	}
	return checkConsistency(old, head.size, treeHash(leaves[:old]), head.root, hashes)
}
