// Command stranger verifies a C2SP transparency log with Go's standard library alone.
//
//	stranger LOG VKEYS [FILE.tlog-proof | FILE.add-checkpoint]...
//
// LOG is a folder with a checkpoint, tiles and entry bundles (tlog-checkpoint,
// tlog-tiles); VKEYS has the log's Ed25519 and its ML-DSA-44 key, both of which must
// have signed every checkpoint that is read here. A FILE.tlog-proof has its entry in
// FILE.entry beside it; a FILE.add-checkpoint is the request to a witness, with its
// consistency proof.
//
// It shares no code with Rogatory and follows the specifications that its files name. It
// is a second opinion and not a product: it holds the hash of every entry in memory, and
// has no limits on the size of what it reads.
//
// On success it prints what it verified as JSON; otherwise one line says why not, and
// the exit code is 1.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: stranger LOG VKEYS [PROOF]...")
		os.Exit(2)
	}
	found, err := verify(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "stranger:", err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(found)
}

type report struct {
	Origin      string `json:"origin"`
	Size        uint64 `json:"size"`
	Root        []byte `json:"root"` // in base64, as in the checkpoint
	Ed25519     bool   `json:"ed25519"`
	MLDSA44     bool   `json:"mldsa44"`
	Entries     int    `json:"entries"`
	Tiles       int    `json:"tiles"`
	Proofs      int    `json:"proofs"`
	Consistency int    `json:"consistency"`
}

func verify(dir, vkeysFile string, proofs []string) (*report, error) {
	keys, err := readKeys(vkeysFile)
	if err != nil {
		return nil, fmt.Errorf("vkeys: %w", err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return nil, err
	}
	head, err := openCheckpoint(raw, keys)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	leaves, err := readLeaves(dir, head.size)
	if err != nil {
		return nil, err
	}
	if treeHash(leaves) != head.root {
		return nil, errors.New("the entries do not hash to the signed root")
	}
	tiles, err := compareTiles(dir, leaves)
	if err != nil {
		return nil, err
	}
	found := &report{
		Origin: head.origin, Size: head.size, Root: head.root[:],
		Ed25519: true, MLDSA44: true, Entries: len(leaves), Tiles: tiles,
	}
	for _, path := range proofs {
		if filepath.Ext(path) == ".add-checkpoint" {
			err = verifyConsistency(path, keys, leaves)
			found.Consistency++
		} else {
			err = verifyInclusion(path, keys, leaves)
			found.Proofs++
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}
	return found, nil
}
