// Keys, notes and checkpoints: signed-note, tlog-checkpoint, tlog-cosignature.

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/mldsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

const (
	typeEd25519 = 0x01
	typeMLDSA44 = 0x06
)

type key struct {
	name   string
	id     uint32
	kind   byte
	public []byte
}

// readKeys reads one key of each type, both of one name.
func readKeys(path string) ([]key, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var keys []key
	for _, vkey := range strings.Fields(string(raw)) {
		// <name>+<8 hex>+<base64>; base64 may have a plus, a name has none.
		parts := strings.SplitN(vkey, "+", 3)
		if len(parts) != 3 || parts[0] == "" || len(parts[0]) > 255 {
			return nil, errors.New("not <name>+<key id>+<base64>")
		}
		material, err := decode(parts[2])
		if err != nil {
			return nil, err
		}
		if len(material) == 0 {
			return nil, errors.New("a key without a type")
		}
		hash := sha256.Sum256(append([]byte(parts[0]+"\n"), material...))
		id := binary.BigEndian.Uint32(hash[:])
		if parts[1] != fmt.Sprintf("%08x", id) {
			return nil, fmt.Errorf("the key id is %08x, not %s", id, parts[1])
		}
		keys = append(keys, key{parts[0], id, material[0], material[1:]})
	}
	if len(keys) != 2 || keys[0].kind != typeEd25519 || keys[1].kind != typeMLDSA44 ||
		keys[0].name != keys[1].name {
		return nil, errors.New("not an Ed25519 and an ML-DSA-44 key of one name")
	}
	return keys, nil
}

type checkpoint struct {
	origin string
	size   uint64
	root   hash
}

// openCheckpoint returns a checkpoint that every key signed.
func openCheckpoint(note []byte, keys []key) (*checkpoint, error) {
	at := bytes.LastIndex(note, []byte("\n\n"))
	if at < 0 || !bytes.HasSuffix(note, []byte("\n")) {
		return nil, errors.New("not a signed note")
	}
	text := string(note[:at+1])
	lines := strings.Split(text, "\n")
	// Three lines and nothing more: ML-DSA-44 does not sign extension lines.
	if len(lines) != 4 {
		return nil, errors.New("not origin, size and root")
	}
	size, err := decimal(lines[1])
	if err != nil {
		return nil, err
	}
	root, err := decodeHash(lines[2])
	if err != nil {
		return nil, err
	}
	head := &checkpoint{lines[0], size, root}
	if head.origin != keys[0].name {
		return nil, fmt.Errorf("of another log, %q", head.origin)
	}
	signed := make(map[uint32]bool)
	for _, line := range strings.Split(strings.TrimSuffix(string(note[at+2:]), "\n"), "\n") {
		rest, dashed := strings.CutPrefix(line, "— ")
		name, encoded, spaced := strings.Cut(rest, " ")
		if !dashed || !spaced {
			return nil, errors.New("not a signature line")
		}
		blob, err := decode(encoded)
		if err != nil || len(blob) < 5 {
			return nil, errors.New("not a signature")
		}
		id := binary.BigEndian.Uint32(blob)
		for _, k := range keys {
			if k.name != name || k.id != id {
				continue // somebody else's, which says nothing here
			}
			if signed[id] {
				return nil, fmt.Errorf("two signatures of key %08x", id)
			}
			if err := k.check(blob[4:], text, head); err != nil {
				return nil, fmt.Errorf("signature of key %08x: %w", id, err)
			}
			signed[id] = true
		}
	}
	for _, k := range keys {
		if !signed[k.id] {
			return nil, fmt.Errorf("no signature of key %08x", k.id)
		}
	}
	return head, nil
}

func (k key) check(signature []byte, text string, head *checkpoint) error {
	if k.kind == typeEd25519 {
		if len(k.public) != ed25519.PublicKeySize ||
			!ed25519.Verify(k.public, []byte(text), signature) {
			return errors.New("Ed25519 does not verify")
		}
		return nil
	}
	if len(signature) != 8+mldsa.MLDSA44SignatureSize {
		return errors.New("ML-DSA-44 has another length")
	}
	if signature[0] > 0x7f {
		return errors.New("ML-DSA-44 has a time above 2^63-1")
	}
	// tlog-cosignature: the tree of the checkpoint is the subtree from 0 to size.
	message := []byte("subtree/v1\n\x00")
	message = append(append(message, byte(len(k.name))), k.name...)
	message = append(message, signature[:8]...) // the time
	message = append(append(message, byte(len(head.origin))), head.origin...)
	message = binary.BigEndian.AppendUint64(message, 0)
	message = binary.BigEndian.AppendUint64(message, head.size)
	message = append(message, head.root[:]...)
	public, err := mldsa.NewPublicKey(mldsa.MLDSA44(), k.public)
	if err != nil {
		return err
	}
	return mldsa.Verify(public, message, signature[8:], nil)
}

// Spellings: each value has one.

func decode(text string) ([]byte, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(raw) != text {
		return nil, errors.New("not base64")
	}
	return raw, nil
}

func decodeHash(text string) (value hash, err error) {
	raw, err := decode(text)
	if err == nil && len(raw) != len(value) {
		err = errors.New("not a hash of 32 bytes")
	}
	copy(value[:], raw)
	return value, err
}

func decimal(text string) (uint64, error) {
	number, err := strconv.ParseUint(text, 10, 63)
	if err != nil || strconv.FormatUint(number, 10) != text {
		return 0, errors.New("not a number")
	}
	return number, nil
}
