/** Keepers tell each other every 30 s, in few bytes, that what they told still holds. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { StoredView } from '../../src/api.js'
import type { TestPeer } from './peer.js'
import { keepers, network, quiet } from './scene.js'
import type { World } from './world.js'

const FILES = 1_000
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
  assert.ok(sum < 200, `${Math.round(sum)} B/s each`)
})

test.run()
