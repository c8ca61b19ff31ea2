// Trees and proofs in them: RFC 6962, RFC 9162.

package main

import (
	"crypto/sha256"
	"errors"
	"math/bits"
)

type hash = [sha256.Size]byte

func leafHash(entry []byte) hash {
	return sha256.Sum256(append([]byte{0}, entry...))
}

func nodeHash(left, right hash) hash {
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// treeHash is MTH of RFC 6962, section 2.1, over hashes of leaves.
func treeHash(leaves []hash) hash {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	default:
		k := 1 << (bits.Len(uint(n-1)) - 1) // the largest power of two below n
		return nodeHash(treeHash(leaves[:k]), treeHash(leaves[k:]))
	}
}

// rootFromPath is RFC 9162, section 2.1.3.2, up to the comparison of the root.
func rootFromPath(leaf hash, index, size uint64, path []hash) (hash, error) {
	if index >= size {
		return hash{}, errors.New("no such leaf in this tree")
	}
	fn, sn, r := index, size-1, leaf
	for _, p := range path {
		if sn == 0 {
			return hash{}, errors.New("the path is too long")
		}
		if fn&1 == 1 || fn == sn {
			r = nodeHash(p, r)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = nodeHash(r, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return hash{}, errors.New("the path is too short")
	}
	return r, nil
}

// checkConsistency is RFC 9162, section 2.1.4.2.
func checkConsistency(first, second uint64, old, new hash, path []hash) error {
	if first == 0 || first == second {
		if len(path) != 0 || (first != 0 && old != new) {
			return errors.New("nothing is to be proven, but something is there")
		}
		return nil
	}
	if first > second || len(path) == 0 {
		return errors.New("not a consistency proof")
	}
	if first&(first-1) == 0 {
		path = append([]hash{old}, path...)
	}
	fn, sn := first-1, second-1
	for fn&1 == 1 {
		fn, sn = fn>>1, sn>>1
	}
	fr, sr := path[0], path[0]
	for _, c := range path[1:] {
		if sn == 0 {
			return errors.New("the proof is too long")
		}
		if fn&1 == 1 || fn == sn {
			fr, sr = nodeHash(c, fr), nodeHash(c, sr)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			sr = nodeHash(sr, c)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || fr != old || sr != new {
		return errors.New("the proof does not lead from the old root to the new one")
	}
	return nil
}
