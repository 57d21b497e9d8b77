import assert from 'node:assert/strict'
import fc from 'fast-check'
import { suite } from 'uvu'
import { inclusionProof, leafHash, merkleRoot, provesInclusion } from '../../src/ledger/merkle.js'
import type { Hash } from '../../wire/types.js'
import { vectorTest } from './vectors.js'

interface Vectors {
  readonly leaves: readonly string[]
  readonly roots: readonly string[]
  readonly inclusion: readonly {
    readonly name: string
    readonly leafIdx: string
    readonly treeSize: string
    readonly root: string
    readonly leafHash: string
    readonly proof: readonly string[] | null
    readonly wantErr: boolean
  }[]
}

const test = suite('merkle')
const hex = (base64: string): Hash => Buffer.from(base64, 'base64').toString('hex') as Hash

vectorTest<Vectors>(test, 'has the published roots', 'rfc6962-merkle.json', ({ leaves, roots }) => {
  const hashes = leaves.map((leaf) => leafHash(Buffer.from(leaf, 'hex')))
  for (const [size, root] of roots.entries()) assert.equal(merkleRoot(hashes.slice(0, size)), root)
})

vectorTest<Vectors>(test, 'judges the published inclusion proofs', 'rfc6962-merkle.json', ({ inclusion }) => {
  for (const { name, leafIdx, treeSize, root, leafHash: leaf, proof, wantErr } of inclusion) {
    const path = (proof ?? []).map(hex)
    const proven = provesInclusion(hex(leaf), BigInt(leafIdx), BigInt(treeSize), path, hex(root))
    assert.equal(proven, !wantErr, name)
  }
})

const tree = fc
  .array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 70 })
  .map((data) => data.map(leafHash))

test('every leaf of every tree is proven at its place and at no other', () => {
  fc.assert(
    fc.property(tree, fc.nat(), fc.nat(), (leaves, pick, other) => {
      const index = pick % leaves.length
      const wrong = other % leaves.length
      const size = BigInt(leaves.length)
      const proof = inclusionProof(leaves, index)
      const root = merkleRoot(leaves)
      assert.ok(provesInclusion(leaves[index]!, BigInt(index), size, proof, root))
      if (leaves[wrong] !== leaves[index]) {
        assert.ok(!provesInclusion(leaves[index]!, BigInt(wrong), size, proof, root))
        assert.ok(!provesInclusion(leaves[wrong]!, BigInt(index), size, proof, root))
      }
      assert.ok(!provesInclusion(leaves[index]!, BigInt(index), size, [...proof, root], root))
    }),
  )
})

test('a tree and the tree with its last leaf twice differ', () => {
  fc.assert(fc.property(tree, (leaves) => merkleRoot(leaves) !== merkleRoot([...leaves, leaves.at(-1)!])))
})

test.run()
