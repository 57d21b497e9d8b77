import assert from 'node:assert'
import { test } from 'uvu'
import type { StoredView } from '../../src/api.js'
import { keyOf } from '../../src/swarm/manifest.js'
import type { TestPeer } from './peer.js'
import { files, keepers, MIB, network, quiet, request } from './scene.js'
import type { World } from './world.js'

const SEEDS = 12

function pick<T>(world: World, list: readonly T[]): T {
  return list[Math.floor(world.random() * list.length)]!
}

/** One thing that may happen to a network at any time. */
function disturb(world: World, peers: readonly TestPeer[]): void {
  const chance = world.random()
  const alive = world.alive()
  const one = pick(world, alive)
  if (chance < 0.15 && alive.length > peers.length - 2) one.kill()
  else if (chance < 0.35) for (const peer of peers) if (!peer.up && world.random() < 0.5) peer.start()
  if (chance >= 0.35 && chance < 0.6) {
    const other = pick(world, alive)
    if (other !== one) one.cut(other, 100 + 1_500 * world.random())
  }
}

test('through kills, restarts and broken links no acknowledged file is lost, and four owners have it in the end', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { world, peers } = network(100 + seed, 7)
    const stored = new Map<string, StoredView>()
    for (let step = 0; step < 60; step++) {
      const peer = pick(world, world.alive())
      if (world.random() < 0.3) {
        const name = `f${step}`
        peer.write(`/${name}`, `${seed} ${step}`, Math.ceil(world.random() * 6 * MIB))
        peer.swarm.store(`/${name}`, {}, quiet, (result) => {
          if (result.ok) stored.set(name, result.value)
        })
      }
      if (world.random() < 0.3 && stored.size > 0) {
        const name = pick(world, [...stored.keys()])
        peer.swarm.request(name, { target: `/home/${name}` }, quiet, quiet)
      }
      disturb(world, peers)
      world.run(400 * world.random())
    }
    world.run(3_000)
    for (const peer of peers) if (!peer.up) peer.start()
    world.until(`exactly the proper owners have each of ${stored.size} files, seed ${seed}`, 300_000, () =>
      [...stored].every(([name, { id }]) => {
        const proper = peers[0]!.owners(keyOf(name), 4)
        const holding = keepers(world, id)
        return holding.length === 4 && holding.every((peer) => proper.includes(peer.id))
      }),
    )
    assert.ok(stored.size > 0)
    for (const peer of peers) {
      const listed = files(world, peer).map((file) => file.id)
      for (const { id } of stored.values()) assert.ok(listed.includes(id))
      assert.deepEqual(peer.blamed, [])
    }
    const reader = pick(world, peers)
    for (const [name, { id }] of stored) assert.equal(request(world, reader, name).hash, id)
  }
})

test.run()
