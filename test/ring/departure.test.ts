import assert from 'node:assert'
import { test } from 'uvu'
import type { Node } from './node.js'
import { settled, World } from './world.js'

const CLOSED_MS = 1_500

function pick(world: World, nodes: readonly Node[], count: number): Node[] {
  const pool = [...nodes]
  return Array.from({ length: count }, () => pool.splice(Math.floor(world.random() * pool.length), 1)[0]!)
}

for (const seed of [11, 12, 13]) {
  test(`a killed peer is bypassed within 1.5 s (seed ${seed})`, () => {
    const world = new World({ seed })
    const [victim] = pick(world, settled(world, 20), 1)
    world.kill(victim!)
    world.until('closed ring', CLOSED_MS, world.ideal)
    world.checkLookups(50)
  })

  test(`a peer that quits is bypassed at once (seed ${seed})`, () => {
    const world = new World({ seed })
    const [leaver] = pick(world, settled(world, 20), 1)
    world.leave(leaver!)
    world.until('closed ring', 500, world.ideal)
    world.checkLookups(50)
  })

  test(`half of 32 peers killed at once: the rest closes the ring (seed ${seed})`, () => {
    const world = new World({ seed })
    const nodes = settled(world, 32)
    for (const victim of pick(world, nodes, 16)) world.kill(victim)
    world.until('closed ring', CLOSED_MS, world.closed)
    world.until('ideal ring', 5_000, world.ideal)
    world.checkLookups(50)
  })
}

test('the last of two is alone again and owns everything', () => {
  const world = new World({ seed: 14 })
  const [one, other] = settled(world, 2)
  world.kill(other!)
  world.until('ring of one', CLOSED_MS, () => one!.ring.view().successors.length === 0)
  world.checkLookups(5)
})

test('a peer killed and started again with its old id takes its old place', () => {
  const world = new World({ seed: 15 })
  const nodes = settled(world, 12)
  for (const node of pick(world, nodes, 3)) {
    world.kill(node)
    world.run(world.random() * 400)
    world.add(node.id)
  }
  world.until('ideal ring', 6_000, world.ideal)
  world.checkLookups(50)
})

test('all but one killed, then started again', () => {
  const world = new World({ seed: 16 })
  const nodes = settled(world, 10)
  for (const node of nodes.slice(1)) world.kill(node)
  world.run(300)
  for (const node of nodes.slice(1)) world.add(node.id)
  world.until('ideal ring', 8_000, world.ideal)
})

test('all seventeen successors and more die: an isolated peer finds the ring again', () => {
  const world = new World({ seed: 17 })
  settled(world, 40)
  const ring = world.sorted()
  for (const victim of ring.slice(1, 25)) world.kill(victim)
  world.until('closed ring', 3_000, world.closed)
  world.until('ideal ring', 8_000, world.ideal)
  world.checkLookups(50)
})

test('departures and new successors are logged in the classic words', () => {
  const world = new World({ seed: 18 })
  settled(world, 5)
  const [one, two, three, four] = world.sorted()
  one!.log.length = 0
  world.kill(two!)
  world.until('closed ring', CLOSED_MS, world.closed)
  assert(one!.log.includes(`Peer ${two!.info.name} departed`))
  assert(one!.log.includes(`My new first successor is ${three!.info.name}`))
  assert(one!.log.includes(`My new second successor is ${four!.info.name}`))
  assert(one!.log.includes(`Peer ${two!.info.name} is no longer alive`))
  world.run(1_000)
  assert(one!.log.some((line) => line.startsWith('Ping request received from peer-')))
  assert(one!.log.some((line) => line.startsWith('Ping response received from peer-')))
})

test('a frozen peer is bypassed although its link stands, and is back soon after it thaws', () => {
  const world = new World({ seed: 20 })
  settled(world, 10)
  const [before, frozen, after] = world.sorted()
  world.freeze(frozen!)
  world.until('bypass', 8_000, () => before!.ring.view().successors[0]?.id === after!.id)
  world.thaw(frozen!)
  world.until('ideal ring', 5_000, world.ideal)
  const everybody = world.sorted().map((node) => node.id)
  for (const node of world.alive()) assert.deepEqual([...node.ring.owners(frozen!.id, 20)].sort(), everybody)
})

test('a peer that could not be dialed for a while is back in all lists soon after, over the links that stood', () => {
  const world = new World({ seed: 26 })
  const nodes = settled(world, 12)
  nodes[5]!.setRole('dial-out')
  world.until('ideal ring of the others', 8_000, world.ideal)
  nodes[5]!.setRole('peer')
  world.until('ideal ring of all', 8_000, world.ideal)
})

test('a link that breaks without a death changes nothing', () => {
  const world = new World({ seed: 19 })
  const nodes = settled(world, 8)
  for (const node of nodes) {
    for (const peer of [...node.links.keys()]) {
      node.links.delete(peer)
      node.ring.linkDown(peer)
    }
  }
  world.run(3_000)
  assert(world.ideal())
  for (const node of nodes) assert(!node.log.some((line) => line.endsWith('departed')))
})

test.run()
