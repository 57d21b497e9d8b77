/** Keepers tell each other every 30 s, in few bytes, that what they told still holds. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { StoredView } from '../../src/api.js'
import type { Mesh } from '../../src/mesh.js'
import { Announcer } from '../../src/swarm/announcer.js'
import { Holders } from '../../src/swarm/holders.js'
import type { HoldingState } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { TestPeer } from './peer.js'
import { files, keepers, MIB, network, outsiders, quiet, request, store } from './scene.js'
import { World } from './world.js'

const FILES = 300
const KEPT = 4

/** Stores small files all at once and waits until all copies are made. */
function storeMany(world: World, peers: readonly TestPeer[], count: number): StoredView['id'][] {
  const ids: StoredView['id'][] = []
  for (let i = 0; i < count; i++) {
    const peer = peers[i % peers.length]!
    peer.write(`/f${i}`, `content ${i}`, 1_000)
    world.at(20 * i, () =>
      peer.swarm.store(`/f${i}`, {}, quiet, (result) => {
        assert.ok(result.ok, result.ok ? '' : result.message)
        ids.push(result.value.id)
      }),
    )
  }
  world.until(
    'all copies',
    600_000,
    () => ids.length === count && ids.every((id) => keepers(world, id).length === KEPT),
  )
  return ids
}

test('at rest what is kept costs no more bytes the more of it there is', () => {
  const { world, peers } = network(21, 8)
  storeMany(world, peers, FILES)
  world.run(90_000)
  for (const peer of peers) peer.said.clear()
  const seconds = 300
  world.run(seconds * 1_000)
  const total = new Map<string, number>()
  for (const { said } of peers) for (const [type, bytes] of said) total.set(type, (total.get(type) ?? 0) + bytes)
  const each = [...total].map(([type, bytes]) => `${type} ${Math.round(bytes / peers.length / seconds)}`)
  console.log(`bytes a second that each of 8 peers sends with ${FILES} files: ${each.join(', ')}`)
  const sum = [...total.values()].reduce((all, bytes) => all + bytes, 0) / peers.length / seconds
  assert.ok(sum < 100, `${Math.round(sum)} B/s each`)
})

/** As all keepers count them now. */
const holdersAt = (peer: TestPeer, id: StoredView['id']): number =>
  files(peer.world, peer).find((file) => file.id === id)?.holders ?? 0

/** A stored file, one of its keepers, and a reader that fetched it, so that six hold it. */
function readFile(seed: number) {
  const { world, peers } = network(seed, 8)
  peers[0]!.write('/f', 'content', 3 * MIB)
  const { id } = store(world, peers[0]!, '/f')
  world.until('four copies', 30_000, () => keepers(world, id).length === KEPT)
  const reader = outsiders(world, id, peers[0]!)[0]!
  const keeper = keepers(world, id).find((peer) => peer !== peers[0])!
  return { world, peers, id, reader, keeper }
}

test('claims live on as long as digests say so, and no longer', () => {
  const { world, id, reader, keeper } = readFile(22)
  request(world, reader, 'f')
  world.run(5_000)
  const holders = holdersAt(keeper, id)
  world.run(300_000)
  assert.equal(holdersAt(keeper, id), holders)
  reader.loses = ({ type }) => type === 'claimsDigest'
  world.run(125_000)
  assert.equal(holdersAt(keeper, id), holders - 1)
})

test('what was lost on the way is told again after the next digest, and nothing else', () => {
  const { world, id, reader, keeper } = readFile(23)
  world.run(60_000)
  const before = holdersAt(keeper, id)
  reader.loses = ({ type }) => type === 'chunksHave'
  request(world, reader, 'f')
  world.run(2_000)
  assert.equal(holdersAt(keeper, id), before, 'the word was lost')
  reader.loses = () => false
  reader.said.clear()
  for (let seconds = 0; seconds < 36 && holdersAt(keeper, id) === before; seconds++) world.run(1_000)
  assert.equal(holdersAt(keeper, id), before + 1)
  assert.ok((keeper.said.get('claimsWant') ?? 0) > 0)
  assert.ok((reader.said.get('chunksHave') ?? 0) < 500)
})

test('one digest is answered once, however often a peer asks', () => {
  const { world, peers, id, reader, keeper } = readFile(24)
  request(world, reader, 'f')
  world.run(100_000)
  for (const peer of peers) peer.said.clear()
  for (let seconds = 0; seconds < 20; seconds++) {
    keeper.say(reader, { type: 'claimsWant', buckets: new Uint8Array(4).fill(255) })
    world.run(1_000)
  }
  // one claim takes about 50 bytes
  assert.ok((reader.said.get('chunksHave') ?? 0) < 150, `${reader.said.get('chunksHave')} bytes`)
  assert.ok(holdersAt(keeper, id) > 4)
})

test('a digest does not keep a claim alive that holds no more, though nobody said so', () => {
  const world = new World(25)
  const env = { now: () => world.nowMs, after: (ms: number, fn: () => void) => world.at(ms, fn) }
  const [id, other, self] = ['1', '2', '3'].map((digit) => digit.repeat(64) as Hash)
  const none = new Uint8Array(0)
  const states = new Map<Hash, HoldingState>([
    [id!, 'kept'],
    [other!, 'kept'],
  ])
  const holders = new Holders(env)
  let hears = true
  const send: Mesh['send'] = (_peer, message) => {
    if (message.type === 'claimsDigest') holders.renew(self as PeerId, message.digests)
    if (message.type === 'chunksHave' && hears)
      for (const { manifest, state } of message.claims) holders.note(manifest, self as PeerId, state, none, 1)
    return 'sent'
  }
  const announcer = new Announcer(env, { isLinked: () => true, send }, (file) => ({
    state: states.get(file) ?? 'none',
    chunks: none,
    kept: none,
  }))
  for (const file of states.keys()) announcer.mark(self as PeerId, file, true)
  world.run(80_000)
  states.set(id!, 'none')
  hears = false
  announcer.renew()
  world.run(20_000)
  assert.equal(holders.state(id!, self as PeerId), 'none')
  assert.equal(holders.state(other!, self as PeerId), 'kept')
})

test.run()
