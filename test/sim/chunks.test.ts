/** The simulated transfer of chunks: what arrives, what is refused, what a kill costs. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Bitmap, ChunkOutcome, Env, Layout, Link, LinkHandler } from '../../src/env.js'
import type { Message } from '../../wire/messages.js'
import type { Address, Hash } from '../../wire/types.js'
import { seededLayout } from './files.js'
import type { SimNode } from './node.js'
import { World } from './world.js'

const BLOB = 'ab'.repeat(32) as Hash
const SIZE = 5 * (1 << 18) - 100
const LAYOUT = seededLayout(9, SIZE, 1 << 18)

/** Serves whatever it is asked for on data links. */
class Toy implements LinkHandler {
  link: Link | null = null
  closed = (): void => {}
  drained = (): void => {}

  constructor(
    readonly env: Env,
    listen: readonly (Address | `${string}:0`)[],
  ) {
    for (const address of listen) {
      env.links.listen(address, { listening: () => {}, failed: () => {}, accepted: (link) => this.#take(link) })
    }
  }

  dial(address: string): void {
    const opened = (link: Link): LinkHandler => this.#take(link)
    this.env.links.dial(address as Address, { service: 'data', timeoutMs: 5000, opened, failed: () => {} })
  }

  message(link: Link, message: Message): void {
    if (message.type === 'chunkGet') this.env.chunks.serve(link, message.request, message.blob, message.index)
  }

  #take(link: Link): this {
    this.link = link
    link.promote('data')
    return this
  }
}

function pair() {
  const world = new World<Toy>({ seed: 3, boot: (env, setup) => new Toy(env, setup.listen), bytesPerMs: 1000 })
  const source = world.addPeer()
  const reader = world.addPeer()
  world.run('10 ms')
  world.act(() => reader.peer.dial(source.setup.listen[0] ?? ''))
  world.until(() => reader.peer.link !== null, '1 s', 'the link')
  const { stamp } = source.files.put('/song', SIZE, 9)
  world.act(() => source.peer.env.chunks.adopt(BLOB, LAYOUT, stamp))
  open(world, reader, '/copy')
  return { world, source, reader }
}

function open(world: World<Toy>, node: SimNode<Toy>, target: string | null): number[] {
  let have: number[] | null = null
  world.act(() => {
    node.peer.env.chunks.open(BLOB, LAYOUT, target, (result) => {
      have = 'have' in result ? indices(result.have) : null
    })
  })
  world.until(() => have !== null, '1 s', 'the open blob')
  return have ?? []
}

const indices = (bitmap: Bitmap): number[] =>
  [0, 1, 2, 3, 4, 5, 6, 7].filter((index) => ((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1)

function fetch(world: World<Toy>, reader: SimNode<Toy>, wanted: readonly number[], layoutOf: Layout = LAYOUT) {
  const outcomes: ChunkOutcome[] = []
  world.act(() => {
    for (const index of wanted) {
      const { link, env } = reader.peer
      if (link === null) throw new Error('no link')
      const done = (outcome: ChunkOutcome): void => void outcomes.push(outcome)
      env.chunks.fetch(link, { blob: BLOB, index, stallMs: 4000, progress: () => {}, done })
    }
  })
  assert.equal(layoutOf.size, SIZE)
  return outcomes
}

test('chunks take their size over the bandwidth, and a finished file has the same content', () => {
  const { world, reader } = pair()
  const outcomes = fetch(world, reader, [0, 1, 2, 3, 4])
  world.run('1 s')
  assert.ok(outcomes.length >= 3 && outcomes.length < 5, `${outcomes.length} chunks after 1 s`)
  world.run('1 s')
  assert.deepEqual(outcomes, ['ok', 'ok', 'ok', 'ok', 'ok'])
  let path = ''
  world.act(() => reader.peer.env.chunks.finish(BLOB, (result) => void (path = 'path' in result ? result.path : '')))
  world.run('1 s')
  assert.equal(path, '/copy')
  assert.deepEqual(reader.files.files.get('/copy')?.layout(1 << 18).hashes, LAYOUT.hashes)
})

test('a wrong chunk is told from a right one', () => {
  const { world, source, reader } = pair()
  source.badChunks = 1
  const outcomes = fetch(world, reader, [0])
  world.run('2 s')
  assert.deepEqual(outcomes, ['bad'])
})

test('a chunk that is not there is refused, a frozen source times out, a killed one loses the rest', () => {
  const { world, source, reader } = pair()
  source.files.files.delete('/song')
  const refused = fetch(world, reader, [0])
  world.run('1 s')
  assert.deepEqual(refused, ['refused'])
  world.freeze(source)
  const stalled = fetch(world, reader, [1])
  world.run('5 s')
  assert.deepEqual(stalled, ['timeout'])
  const lost = fetch(world, reader, [2])
  world.kill(source)
  world.run('1 s')
  assert.deepEqual(lost, ['lost'])
})

test('a kill costs the chunks that were not synced', () => {
  const { world, reader } = pair()
  fetch(world, reader, [0, 1])
  world.run('2 s')
  let synced: number[] = []
  world.act(() => reader.peer.env.chunks.sync(BLOB, (have) => void (synced = indices(have))))
  world.run('1 s')
  fetch(world, reader, [2])
  world.run('2 s')
  assert.deepEqual(synced, [0, 1])
  world.restart(reader)
  assert.deepEqual(open(world, reader, '/copy'), [0, 1])
})

test.run()
