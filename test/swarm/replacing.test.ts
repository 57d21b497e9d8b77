/** New versions of spread files, and spread versions of others: what they replace stays until they are safe. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { StoredView } from '../../src/api.js'
import type { TestPeer } from './peer.js'
import { keepers, network, quiet, store } from './scene.js'
import { allStay, placed, SIZE, SPREAD, spread } from './spread-scene.js'
import type { World } from './world.js'

/** A new version, which nobody gets before `meanwhile` is over. */
function spreadSlowly(world: World, peers: readonly TestPeer[], meanwhile: () => void): void {
  peers[0]!.write('/big', 'other', SIZE)
  for (const peer of peers) peer.mute = true
  let second: StoredView | null = null
  peers[0]!.swarm.store('/big', SPREAD, quiet, (result) => {
    if (result.ok) second = result.value
  })
  meanwhile()
  assert.equal(second, null)
  for (const peer of peers) peer.mute = false
  world.until('the new version stored', 400_000, () => second !== null)
}

/** A new version that nobody gets for a minute. */
function replaceSlowly(clockOffsetMs: number): void {
  const { world, peers, stored } = spread(15, 7)
  peers[0]!.clockOffsetMs = clockOffsetMs
  placed(world, 'big', stored.id)
  spreadSlowly(world, peers, () => allStay(world, stored.id, 60))
  world.until('no old chunk', 120_000, () => peers.every((peer) => !peer.disk.loose.has(stored.id)))
}

test('chunks of a replaced version stay until the new one is safe', () => replaceSlowly(0))

test('so they do when the clock of the publisher is slow', () => replaceSlowly(-2 * 3_600_000))

test('so do whole copies of a version that a spread one replaces', () => {
  const { world, peers } = network(22, 7)
  peers[0]!.write('/big', 'content', SIZE)
  const { id } = store(world, peers[0]!, '/big')
  world.until('four whole copies', 60_000, () => keepers(world, id).length === 4)
  spreadSlowly(world, peers, () => {
    for (let step = 0; step < 120; step++) {
      world.run(500)
      assert.equal(keepers(world, id).length, 4)
    }
  })
  world.until('no whole copy', 120_000, () => keepers(world, id).length === 0)
})

test('a new version replaces the old chunks, however it is kept', () => {
  const { world, peers, stored } = spread(8, 6)
  peers[0]!.write('/big', 'other', SIZE)
  const second = store(world, peers[0]!, '/big', SPREAD)
  assert.notEqual(second.id, stored.id)
  placed(world, 'big', second.id)
  world.until('no old chunk', 120_000, () => peers.every((peer) => !peer.disk.loose.has(stored.id)))
  const third = store(world, peers[0]!, '/big')
  world.until('four whole copies', 60_000, () => peers.filter((peer) => peer.disk.blobs.has(third.id)).length === 4)
  world.until('no chunk', 120_000, () => peers.every((peer) => !peer.disk.loose.has(second.id)))
  const fourth = store(world, peers[0]!, '/big', SPREAD)
  placed(world, 'big', fourth.id)
  world.until('no whole copy', 120_000, () => peers.every((peer) => !peer.disk.blobs.has(third.id)))
})

test.run()
