/** Real peers over simulated UDP: what a bad network and a thief of datagrams can do to them, which is nothing. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { PeerApi } from '../../src/api.js'
import { type DatagramFaults, NO_FAULTS } from './datagrams.js'
import type { SimNode } from './node.js'
import { bootPeer } from './peer.js'
import { World } from './world.js'

/** Everything that UDP may do, all at once and often. */
const TERRIBLE: DatagramFaults = { loss: 0.05, bursts: 0.05, late: 0.2, doubled: 0.2, forged: 0.5 }
const PEERS = 8

function ringOf(seed: number, datagramFaults: DatagramFaults, loss = 0): World<PeerApi> {
  const world = new World<PeerApi>({ seed, boot: bootPeer, datagramFaults, loss, latencyMs: [0.2, 5] })
  for (let count = 0; count < PEERS; count++) {
    world.addPeer()
    world.run('700 ms')
  }
  const whole = (): boolean =>
    world.alive.every(({ peer }) => peer.status().peers === PEERS - 1 && peer.ring().successors.length === PEERS - 1)
  world.until(whole, '60 s', 'the ring of all')
  for (const node of world.nodes) node.log.length = 0
  return world
}

const dead = (world: World<PeerApi>): string[] =>
  world.nodes.flatMap(({ name, log }) =>
    log.filter(({ text }) => text.endsWith('longer alive')).map(({ text }) => `${name}: ${text}`),
  )

const first = (node: SimNode<PeerApi>) => node.peer.ring().successors[0]

test('loss, bursts, delays, doubles and forgeries for ten minutes: nobody is taken for dead', () => {
  const world = ringOf(61, TERRIBLE)
  world.run('600 s')
  assert.deepEqual(dead(world), [])
  const { flung, dropped } = world.network
  assert.ok(flung.datagrams > 30_000, `${flung.datagrams} datagrams`)
  assert.ok(
    (dropped['datagrams forged'] ?? 0) > 1_000 && (dropped['datagrams replayed'] ?? 0) > 1_000,
    JSON.stringify(dropped),
  )
  for (const node of world.nodes) {
    const { successors, predecessors } = node.peer.ring()
    for (const near of [...successors.slice(0, 2), ...predecessors.slice(0, 2)]) {
      assert.equal(near.state, 'alive')
      assert.ok(near.rttMs !== null, 'measured')
    }
  }
})

test('while a thief repeats all that a frozen peer ever sent, its death is noticed and bypassed in 1.5 s', () => {
  const world = ringOf(62, { ...NO_FAULTS, forged: 1, doubled: 0.5 })
  const [victim] = world.nodes
  assert.ok(victim !== undefined)
  const before = world.alive.find((node) => first(node)?.id === victim.id)
  assert.ok(before !== undefined)
  world.freeze(victim)
  // its datagrams of the past come again and again, to everybody, from nowhere
  const old = world.network.datagramsOf(victim.process)?.stolen ?? []
  assert.ok(old.length > 0)
  for (let at = 0; at < 1_500; at += 10)
    world.at(world.now + at, 'thief', () => {
      for (const node of world.alive)
        if (node !== victim) for (const bytes of old) world.network.datagramsOf(node.process)?.receive(bytes)
    })
  world.until(() => first(before)?.id !== victim.id, '1500 ms', 'the bypass')
  world.thaw(victim)
  world.until(() => first(before)?.id === victim.id, '10 s', 'its return')
})

test('a network without UDP is as good, only slower to notice', () => {
  const world = ringOf(63, { ...NO_FAULTS, loss: 1 })
  world.run('60 s')
  assert.deepEqual(dead(world), [])
  const [victim] = world.nodes
  assert.ok(victim !== undefined)
  world.kill(victim)
  const gone = (): boolean =>
    world.alive.every(({ peer }) => !peer.ring().successors.some(({ id }) => id === victim.id))
  world.until(gone, '5 s', 'everybody to drop the dead')
})

test('peers that freeze and thaw, each in turn, lose nobody but the frozen', () => {
  const world = ringOf(64, TERRIBLE)
  for (const node of world.nodes) {
    world.freeze(node)
    world.run('3 s')
    world.thaw(node)
    world.run('5 s')
    const wrong = dead(world).filter(
      (line) => !line.includes(`Peer ${node.name} is`) && !line.startsWith(`${node.name}:`),
    )
    assert.deepEqual(wrong, [], `while ${node.name} was frozen`)
    for (const one of world.nodes) one.log.length = 0
  }
  const whole = (): boolean => world.alive.every(({ peer }) => peer.ring().successors.length === PEERS - 1)
  world.until(whole, '20 s', 'the ring of all')
})

test('a peer whose own event loop was stopped for a moment accuses nobody', () => {
  const world = ringOf(65, NO_FAULTS)
  for (let round = 0; round < 60; round++) {
    const node = world.nodes[round % PEERS]
    assert.ok(node !== undefined)
    world.freeze(node)
    world.run(50 + 10 * (round % 40)) // less than its neighbours' patience
    world.thaw(node)
    world.run('700 ms')
  }
  assert.deepEqual(dead(world), [])
})

test.run()
