import assert from 'node:assert'
import { test } from 'uvu'
import type { LookupProgress, LookupView, Result } from '../../src/api.js'
import { keyOf } from '../../src/ring/id.js'
import { settled, World } from './world.js'

test('all peers name the same owners, the owner first, then clockwise', () => {
  const world = new World({ seed: 31 })
  settled(world, 12)
  const ring = world.sorted().map((node) => node.id)
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    const place = ring.indexOf(world.ownerOf(keyOf(name)))
    const expected = ring.map((_, offset) => ring[(place + offset) % ring.length]!)
    for (const node of world.alive()) {
      assert.deepEqual(node.ring.owners(keyOf(name), 4), expected.slice(0, 4))
      assert.deepEqual(node.ring.owners(keyOf(name), 50), expected)
    }
  }
})

test('a dead peer owns nothing from the moment the ring knows', () => {
  const world = new World({ seed: 32 })
  settled(world, 6)
  const [one, victim] = world.sorted()
  world.kill(victim!)
  world.until('closed ring', 1_500, world.closed)
  assert(one!.known.has(victim!.id), 'membership still lists it')
  assert(!one!.ring.owners(victim!.id, 6).includes(victim!.id))
})

test('many changes at once are told once, and a quiet ring tells nothing', () => {
  const world = new World({ seed: 33 })
  const nodes = settled(world, 8)
  world.run(3_000)
  const [one, ...others] = nodes
  one!.ownersChanged = 0
  world.run(5_000)
  assert.equal(one!.ownersChanged, 0)
  for (const node of others.slice(0, 4)) world.leave(node)
  world.run(3_000)
  assert.equal(one!.ownersChanged, 1)
})

test('a peer that nobody can dial is not in the ring, but looks names up', () => {
  const world = new World({ seed: 34 })
  settled(world, 6)
  const outsider = world.add(undefined, 'dial-out')
  world.run(2_000)
  assert(world.ideal())
  assert.deepEqual(outsider.ring.view().successors, [])
  for (const node of world.alive()) assert(!node.ring.owners(outsider.id, 10).includes(outsider.id))
  const results: Result<LookupView>[] = []
  outsider.ring.lookup('music.txt', (result) => results.push(result))
  world.until('an answer', 5_000, () => results.length === 1)
  const [result] = results
  assert(result?.ok)
  assert.equal(result.value.owner, world.ownerOf(keyOf('music.txt')))
  assert.equal(result.value.path[0], outsider.id)
})

test('a peer that can no longer be dialed leaves the ring and comes back when it can', () => {
  const world = new World({ seed: 35 })
  const nodes = settled(world, 7)
  nodes[3]!.setRole('dial-out')
  world.until('ring without it', 3_000, world.ideal)
  assert.deepEqual(nodes[3]!.ring.view().successors, [])
  nodes[3]!.setRole('peer')
  world.until('ring with it', 5_000, world.ideal)
})

test('an anchor that is an ordinary peer is in the ring', () => {
  const world = new World({ seed: 36 })
  const nodes = settled(world, 4)
  nodes[0]!.setRole('anchor')
  world.run(3_000)
  assert(world.ideal())
  assert(nodes[1]!.ring.owners(nodes[0]!.id, 1).includes(nodes[0]!.id))
})

test('alone, a peer owns every name and the path is itself', () => {
  const world = new World({ seed: 37 })
  const node = world.add()
  const results: Result<LookupView>[] = []
  node.ring.lookup('x', (result) => results.push(result))
  world.until('an answer', 1_000, () => results.length === 1)
  const [result] = results
  assert(result?.ok)
  assert.deepEqual(result.value, { key: keyOf('x'), owner: node.id, replicas: [], path: [node.id] })
})

test('a lookup shows its path while it grows, and stays until the next one', () => {
  const world = new World({ seed: 38 })
  settled(world, 40)
  const [node] = world.sorted()
  assert(node)
  assert.equal(node.ring.lookupProgress(), null)
  const seen: LookupProgress[] = []
  node.onChange = () => {
    const progress = node.ring.lookupProgress()
    if (progress !== null && progress !== seen.at(-1)) seen.push(progress)
  }
  const far = Array.from({ length: 50 }, (_, index) => `name ${index}`)
  let name = ''
  for (const one of far) {
    const results: Result<LookupView>[] = []
    seen.length = 0
    node.ring.lookup((name = one), (result) => results.push(result))
    world.until('an answer', 5_000, () => results.length === 1)
    const [result] = results
    assert(result?.ok)
    const last = seen.at(-1)
    const expected = { name, key: keyOf(name), path: result.value.path, owner: result.value.owner, state: 'done' }
    assert.deepEqual(last, expected)
    for (const [place, step] of seen.entries()) {
      assert.deepEqual(step.path, result.value.path.slice(0, step.path.length))
      assert(step.path.length >= (seen[place - 1]?.path.length ?? 0), 'the path became shorter')
      if (step !== last) assert.deepEqual([step.state, step.owner], ['running', null])
    }
    if (result.value.path.length > 2) break
  }
  const lengths = new Set(seen.map(({ path }) => path.length))
  assert(lengths.size > 2, `a path of ${seen.at(-1)?.path.length} was seen at ${[...lengths]}`)
  world.run(5_000)
  assert.equal(node.ring.lookupProgress()?.name, name)
})

test('of two lookups at once the one that began last is shown', () => {
  const world = new World({ seed: 39 })
  const [node] = settled(world, 20)
  assert(node)
  let answers = 0
  for (const name of ['first', 'second']) node.ring.lookup(name, () => answers++)
  world.until('both answers', 5_000, () => answers === 2)
  assert.equal(node.ring.lookupProgress()?.name, 'second')
  assert.equal(node.ring.lookupProgress()?.state, 'done')
})

test('a lookup that nobody answers is shown as failed', () => {
  const world = new World({ seed: 40 })
  settled(world, 3)
  const outsider = world.add(undefined, 'dial-out')
  world.run(2_000)
  for (const node of world.nodes) if (node !== outsider) world.kill(node)
  const results: Result<LookupView>[] = []
  outsider.ring.lookup('music.txt', (result) => results.push(result))
  world.until('an answer', 120_000, () => results.length === 1)
  assert(!results[0]?.ok)
  assert.equal(outsider.ring.lookupProgress()?.state, 'failed')
  assert.equal(outsider.ring.lookupProgress()?.owner, null)
})

test.run()
