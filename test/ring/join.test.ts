import assert from 'node:assert'
import { test } from 'uvu'
import { settled, World } from './world.js'

test('two peers become a ring of two', () => {
  const world = new World({ seed: 1 })
  world.add()
  world.add()
  world.until('ring of two', 1_500, world.ideal)
  world.checkLookups(20)
})

for (const seed of [1, 2, 3])
  test(`peers that join in random order become one ideal ring (seed ${seed})`, () => {
    const world = new World({ seed })
    settled(world, 24)
    assert(world.checkLookups(100) < 4)
  })

for (const seed of [1, 2, 3])
  test(`peers that all start at once become one ideal ring (seed ${seed})`, () => {
    const world = new World({ seed })
    for (let index = 0; index < 24; index++) world.add()
    world.until('ideal ring', 10_000, world.ideal)
    world.checkLookups(100)
  })

test('on links shorter than any timer two peers join once, without a quarrel', () => {
  const world = new World({ seed: 6, latencyMs: [0.05, 0.2] })
  const nodes = [world.add(), world.add(), world.add()]
  world.until('ring of three', 3_000, world.ideal)
  world.run(5_000)
  for (const node of nodes) {
    const changes = node.log.filter((line) => line.includes('first successor'))
    assert(changes.length <= 3, changes.join('; '))
  }
})

test('a lossy network slows a ring but does not keep it from closing', () => {
  const world = new World({ seed: 4, loss: 0.1, latencyMs: [1, 80] })
  settled(world, 20)
  world.checkLookups(50)
})

test('lookups walk over the fingers in few hops', () => {
  const world = new World({ seed: 5 })
  settled(world, 100)
  world.run(30_000)
  const mean = world.checkLookups(200)
  assert(mean < 4, `mean path of ${mean}`)
})

test.run()
