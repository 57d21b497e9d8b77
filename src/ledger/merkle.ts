/**
 * Merkle tree of RFC 6962 section 2.1 over SHA-256: leaves and nodes hash with different prefixes, so no list of
 * records has the root of another list. Inclusion proofs by RFC 9162 section 2.1.3.
 */
import { createHash } from 'node:crypto'
import { isHash } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

export function leafHash(data: Uint8Array): Hash {
  return createHash('sha256').update(LEAF).update(data).digest('hex') as Hash
}

/** Root of the tree over these leaf hashes; of none it is the hash of nothing. */
export function merkleRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return createHash('sha256').digest('hex') as Hash
  let level = leaves
  while (level.length > 1) level = parents(level)
  return level[0] ?? merkleRoot([])
}

/** The siblings of leaf `index` from the bottom up. */
export function inclusionProof(leaves: readonly Hash[], index: number): readonly Hash[] {
  const proof: Hash[] = []
  let level = leaves
  for (let place = index; level.length > 1; place >>= 1) {
    const sibling = level[place ^ 1]
    if (sibling !== undefined) proof.push(sibling)
    level = parents(level)
  }
  return proof
}

/** Whether the proof shows that `leaf` stands at `index` of the tree of `size` leaves with this root. */
export function provesInclusion(leaf: Hash, index: bigint, size: bigint, proof: readonly Hash[], root: Hash): boolean {
  if (index < 0n || index >= size || !isHash(leaf) || !isHash(root)) return false
  let place = index
  let last = size - 1n
  let hash = leaf
  for (const sibling of proof) {
    if (last === 0n) return false
    if ((place & 1n) === 1n || place === last) {
      hash = nodeHash(sibling, hash)
      while ((place & 1n) === 0n && place !== 0n) {
        place >>= 1n
        last >>= 1n
      }
    } else {
      hash = nodeHash(hash, sibling)
    }
    place >>= 1n
    last >>= 1n
  }
  return last === 0n && hash === root
}

function nodeHash(left: Hash, right: Hash): Hash {
  return createHash('sha256').update(NODE).update(left, 'hex').update(right, 'hex').digest('hex') as Hash
}

/** One level up; a lone last node rises unchanged, which gives RFC 6962's split at the largest power of two. */
function parents(level: readonly Hash[]): readonly Hash[] {
  const up: Hash[] = []
  for (let place = 0; place < level.length; place += 2) {
    const left = level[place]
    const right = level[place + 1]
    if (left !== undefined) up.push(right === undefined ? left : nodeHash(left, right))
  }
  return up
}
