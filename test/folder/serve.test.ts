/** The serving end of a data link: what reaches the disk, and what a reader that does not read costs. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Link } from '../../src/env.js'
import type { Index } from '../../src/folder/contract.js'
import { serveLink } from '../../src/folder/serve.js'
import type { FolderDisk, Piece } from '../../src/folder-disk.js'
import type { Mesh } from '../../src/mesh.js'
import type { Message } from '../../wire/messages.js'
import type { Hash } from '../../wire/types.js'
import { contentOf, peerOf } from './world.js'

const BLOCK = 128 * 1024
/** Of two blocks, the second of ten bytes. */
const CONTENT = contentOf(['one', 'two'])
const HASH = 'a'.repeat(64) as Hash

class Bench {
  readonly sent: Message[] = []
  readonly served: (readonly Piece[])[] = []
  readonly said: string[] = []
  full = false
  isOpen = true
  readonly link = {
    peer: peerOf('them'),
    send: (message: Message) => {
      this.sent.push(message)
      return this.full ? 'full' : 'sent'
    },
    close: (code: string) => void this.said.push(`closed ${code}`),
  } as unknown as Link
  readonly #handler = serveLink({
    env: { now: () => 0 },
    mesh: { blame: (_peer: string, code: string) => void this.said.push(`blamed ${code}`) } as unknown as Mesh,
    disk: {
      serve: (_link: Link, _request: number, pieces: readonly Piece[]) => void this.served.push(pieces),
    } as unknown as FolderDisk,
    index: () =>
      ({
        locate: (hash: Hash) => {
          const state = { kind: 'file', size: BLOCK + 10, mtimeMs: 1, inode: 1, executable: false }
          return hash === HASH ? { path: 'file', state, offset: BLOCK } : null
        },
        contentOf: (id: Hash) => (id === CONTENT.id ? CONTENT : null),
      }) as unknown as Index,
    isOpen: () => this.isOpen,
    list: () => {},
    closed: () => {},
  })

  get(...sizes: readonly number[]): void {
    const blocks = sizes.map((size) => ({ hash: HASH, size }))
    this.#handler.message(this.link, { type: 'folderBlocksGet', request: 1, blocks })
  }

  list(request: number, content: Hash = CONTENT.id): void {
    this.#handler.message(this.link, { type: 'folderContentGet', request, content })
  }

  drained(): void {
    this.#handler.drained(this.link)
  }
}

test('a block of the right size reaches the disk, of any other size none does', () => {
  const bench = new Bench()
  bench.get(10)
  assert.equal(bench.served[0]?.[0]?.offset, BLOCK)
  for (const size of [1, 9, 11, BLOCK, 1 << 24]) bench.get(size)
  bench.get(10, 11)
  assert.equal(bench.served.length, 1)
  assert.deepEqual(bench.sent.at(-1), { type: 'folderBlocksRefused', request: 1, missing: [1] })
})

test('nothing is given while the disk is not open', () => {
  const bench = new Bench()
  bench.isOpen = false
  bench.get(10)
  bench.list(2)
  assert.deepEqual(bench.served, [])
  assert.deepEqual(bench.sent.at(-1), { type: 'folderContent', request: 2, blocks: null })
})

test('block hashes wait for a reader that is slow, and one that never reads is cut off', () => {
  const bench = new Bench()
  bench.full = true
  for (let request = 0; request < 10; request++) bench.list(request)
  assert.equal(bench.sent.length, 1)
  bench.drained()
  assert.equal(bench.sent.length, 2)
  bench.full = false
  bench.drained()
  assert.deepEqual(
    bench.sent.map((message) => message.type === 'folderContent' && message.request),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
  bench.full = true
  for (let request = 0; request < 300; request++) bench.list(request)
  assert.deepEqual(bench.said.slice(0, 1), ['closed flood'])
  assert.ok(bench.sent.length < 20)
})

test.run()
