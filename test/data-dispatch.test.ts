/** A data link belongs to files or to the shared folder, as its first message says. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { dispatchData } from '../src/data-dispatch.js'
import type { Link, LinkHandler } from '../src/env.js'
import type { Message } from '../wire/messages.js'
import type { Hash } from '../wire/types.js'

const link = {} as Link
const blob = '0'.repeat(64) as Hash
const chunkGet: Message = { type: 'chunkGet', request: 1, blob, index: 0 }
const blocksGet: Message = { type: 'folderBlocksGet', request: 1, blocks: [{ hash: blob, size: 1 }] }

function noting(heard: string[], name: string): () => LinkHandler {
  return () => ({
    message: (_link, { type }) => void heard.push(`${name} ${type}`),
    drained: () => void heard.push(`${name} drained`),
    closed: (_link, code) => void heard.push(`${name} ${code}`),
  })
}

function dispatched(): { readonly heard: string[]; readonly handler: LinkHandler } {
  const heard: string[] = []
  return { heard, handler: dispatchData({ files: noting(heard, 'files'), folder: noting(heard, 'folder') }) }
}

test('the first message picks who hears all that follows', () => {
  const files = dispatched()
  files.handler.message(link, chunkGet)
  files.handler.message(link, blocksGet)
  files.handler.closed(link, 'normal', '', 'them')
  assert.deepEqual(files.heard, ['files chunkGet', 'files folderBlocksGet', 'files normal'])
  const folder = dispatched()
  folder.handler.message(link, blocksGet)
  folder.handler.message(link, chunkGet)
  folder.handler.drained(link)
  assert.deepEqual(folder.heard, ['folder folderBlocksGet', 'folder chunkGet', 'folder drained'])
})

test('a link that never carried a message ends in silence', () => {
  const { heard, handler } = dispatched()
  handler.drained(link)
  handler.closed(link, 'lost', '', 'network')
  assert.deepEqual(heard, [])
})

test('a peer without a folder closes a link for it and blames nobody; files are served all the same', () => {
  const heard: string[] = []
  const closing = { close: (code: string, reason: string) => void heard.push(`${code}: ${reason}`) } as unknown as Link
  dispatchData({ files: noting(heard, 'files'), folder: null }).message(closing, blocksGet)
  assert.deepEqual(heard.splice(0), ['normal: this peer shares no folder now'])
  dispatchData({ files: noting(heard, 'files'), folder: null }).message(closing, chunkGet)
  assert.deepEqual(heard, ['files chunkGet'])
})

test.run()
