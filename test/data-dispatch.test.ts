/** Which protocol a data link is for. */
import assert from 'node:assert'
import { test } from 'uvu'
import { type DataTakers, dispatchData } from '../src/data-dispatch.js'
import type { Link, LinkHandler } from '../src/env.js'
import type { Message } from '../wire/messages.js'
import { hash } from './ui/network.js'

const CHUNK: Message = { type: 'chunkGet', request: 1, blob: hash('a'), index: 0 }
const BLOCKS: Message = { type: 'folderBlocksGet', request: 1, blocks: [] }

function scene(hasFolder: boolean) {
  const told: string[] = []
  const taker = (name: string) => (): LinkHandler => ({
    message: (_link, { type }) => void told.push(`${name} ${type}`),
    drained: () => void told.push(`${name} drained`),
    closed: () => void told.push(`${name} closed`),
  })
  const takers: DataTakers = { files: taker('files'), folder: hasFolder ? taker('folder') : null }
  const link = { close: (code: string, reason: string) => void told.push(`${code}: ${reason}`) } as unknown as Link
  return { handler: dispatchData(takers), link, told }
}

test('the first message says which protocol a link is for, and all that follows is for that one', () => {
  for (const [first, other, name] of [
    [CHUNK, BLOCKS, 'files'],
    [BLOCKS, CHUNK, 'folder'],
  ] as const) {
    const { handler, link, told } = scene(true)
    handler.message(link, first)
    handler.message(link, other)
    handler.drained(link)
    handler.closed(link, 'normal', '', 'them')
    const expected = [`${name} ${first.type}`, `${name} ${other.type}`, `${name} drained`, `${name} closed`]
    assert.deepStrictEqual(told, expected)
  }
})

test('a peer without a folder closes the link and blames nobody; files are served all the same', () => {
  const { handler, link, told } = scene(false)
  handler.message(link, BLOCKS)
  assert.deepStrictEqual(told, ['normal: this peer shares no folder now'])
  const files = scene(false)
  files.handler.message(files.link, CHUNK)
  assert.deepStrictEqual(files.told, ['files chunkGet'])
})

test.run()
