/** The whole peer's snapshot while files move: rates, scores, chunk maps and the newest lookup. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { PeerApi, Snapshot } from '../../src/api.js'
import type { SimNode } from './node.js'
import { bootPeer } from './peer.js'
import { World } from './world.js'

const MIB = 1 << 20

function network(seed: number, count: number): { world: World<PeerApi>; nodes: readonly SimNode<PeerApi>[] } {
  const world = new World<PeerApi>({ seed, boot: bootPeer, bytesPerMs: 4000 })
  const nodes = world.addPeers(count)
  const isMet = ({ peer }: SimNode<PeerApi>): boolean => peer.status().peers === count - 1
  world.until(() => nodes.every(isMet), '30 s', 'all to know each other')
  world.run('5 s')
  return { world, nodes }
}

function share(world: World<PeerApi>, node: SimNode<PeerApi>, name: string, size: number): void {
  let isDone = false
  node.files.put(`/home/${name}`, size, 7)
  world.act(() =>
    node.peer.share(
      `/home/${name}`,
      {},
      () => {},
      ({ ok }) => void (isDone = ok),
    ),
  )
  world.until(() => isDone, '60 s', `${name} to be shared`)
}

const snapshotOf = (node: SimNode<PeerApi>): Snapshot => node.peer.snapshot()

test('while a file comes, its source has a rate and its chunks a map; afterwards all stands still', () => {
  const { world, nodes } = network(3, 3)
  const [source, reader] = nodes
  assert.ok(source && reader)
  share(world, source, 'film', 40 * MIB)
  let isDone = false
  world.act(() =>
    reader.peer.request(
      'film',
      { target: '/final/film' },
      () => {},
      ({ ok }) => void (isDone = ok),
    ),
  )
  world.until(() => (snapshotOf(reader).transfers[0]?.done ?? 0) > 10 * MIB, '60 s', 'a quarter of the file')
  const { peers, rates, chunkMaps } = snapshotOf(reader)
  const view = peers.find(({ id }) => id === source.id)
  assert.ok(view && view.down > 100_000, `${view?.down} B/s down while a file comes`)
  assert.ok(rates.down >= view.down)
  const up = snapshotOf(source).peers.find(({ id }) => id === reader.id)?.up ?? 0
  assert.ok(up > 100_000, `${up} B/s up at the source`)
  assert.equal(chunkMaps.length, 1)
  assert.deepEqual(
    chunkMaps[0]?.sources.map(({ name, state }) => [name, state]),
    [[source.name, 'open']],
  )
  world.until(() => isDone, '120 s', 'the file')
  world.run('10 s') // nobody looks
  const after = snapshotOf(reader)
  assert.ok(after.rates.down < 2000 && after.rates.up < 2000, JSON.stringify(after.rates))
  assert.deepEqual(after.chunkMaps, [])
})

test('a peer that sends a wrong chunk loses score where it was asked, and only there', () => {
  const { world, nodes } = network(4, 3)
  const [source, reader, other] = nodes
  assert.ok(source && reader && other)
  share(world, source, 'film', 5 * MIB)
  source.badChunks = 1
  world.act(() =>
    reader.peer.request(
      'film',
      { target: '/final/film' },
      () => {},
      () => {},
    ),
  )
  const scoreAt = (node: SimNode<PeerApi>): number | undefined =>
    snapshotOf(node).peers.find(({ id }) => id === source.id)?.score
  world.until(() => (scoreAt(reader) ?? 100) <= 60, '30 s', 'the score of the culprit')
  assert.equal(scoreAt(other), 100)
})

test('a lookup is in the snapshot, and each step of it is told', () => {
  const { world, nodes } = network(5, 4)
  const [node] = nodes
  assert.ok(node)
  assert.equal(snapshotOf(node).lookup, null)
  const states: string[] = []
  const { peer } = node
  peer.onChange = () => {
    const { lookup } = peer.snapshot()
    if (lookup !== null) states.push(`${lookup.state} ${lookup.path.length}`)
  }
  let isDone = false
  world.act(() => peer.lookup('anything', () => void (isDone = true)))
  world.until(() => isDone, '10 s', 'the answer')
  peer.onChange = () => {}
  assert.equal(states[0], 'running 1')
  assert.ok(states.some((state) => state.startsWith('done')))
  assert.equal(snapshotOf(node).lookup?.name, 'anything')
})

test.run()
