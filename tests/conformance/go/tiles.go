// Entries and tiles: tlog-tiles.

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

const tileWidth = 256

// readLeaves hashes every entry of every bundle.
func readLeaves(dir string, size uint64) ([]hash, error) {
	var leaves []hash
	for index := uint64(0); index*tileWidth < size; index++ {
		width := min(tileWidth, size-index*tileWidth)
		raw, name, full, err := readTile(dir, "entries", index, width)
		if err != nil {
			return nil, err
		}
		want := width
		if full {
			want = tileWidth
		}
		for number := range want {
			if len(raw) < 2 || len(raw)-2 < int(binary.BigEndian.Uint16(raw)) {
				return nil, fmt.Errorf("%s ends within an entry", name)
			}
			end := 2 + int(binary.BigEndian.Uint16(raw))
			if number < width {
				leaves = append(leaves, leafHash(raw[2:end]))
			}
			raw = raw[end:]
		}
		if len(raw) != 0 {
			return nil, fmt.Errorf("%s has bytes after its last entry", name)
		}
	}
	return leaves, nil
}

// compareTiles computes every tile from the leaves and compares what is served.
func compareTiles(dir string, leaves []hash) (int, error) {
	count := 0
	for level, row := 0, leaves; len(row) > 0; level++ {
		var above []hash
		for start := 0; start < len(row); start += tileWidth {
			tile := row[start:min(start+tileWidth, len(row))]
			raw, name, full, err := readTile(
				dir, strconv.Itoa(level), uint64(start/tileWidth), uint64(len(tile)))
			if err != nil {
				return 0, err
			}
			var want []byte
			for _, each := range tile {
				want = append(want, each[:]...)
			}
			if full && len(raw) == tileWidth*sha256.Size {
				raw = raw[:len(want)]
			}
			if !bytes.Equal(raw, want) {
				return 0, fmt.Errorf("%s has other hashes than the entries", name)
			}
			count++
			if len(tile) == tileWidth {
				above = append(above, treeHash(tile))
			}
		}
		row = above
	}
	return count, nil
}

// readTile reads a tile or a bundle; the full one may stand in for a partial one.
func readTile(dir, kind string, index, width uint64) (raw []byte, name string, full bool, err error) {
	name = fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		name = fmt.Sprintf("x%03d/%s", index%1000, name)
	}
	name = "tile/" + kind + "/" + name
	if width < tileWidth {
		partial := fmt.Sprintf("%s.p/%d", name, width)
		raw, err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(partial)))
		if !errors.Is(err, fs.ErrNotExist) {
			return raw, partial, false, err
		}
	}
	raw, err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	return raw, name, true, err
}
