import { test } from 'uvu'
import { settled, World } from './world.js'

for (const gossip of [true, false])
  for (const seed of [21, 22, 23])
    test(`a ring cut in two heals into one, ${gossip ? 'by membership' : 'by asking the buried'} (seed ${seed})`, () => {
      const world = new World({ seed, gossip })
      const nodes = settled(world, 16)
      const side = new Map(nodes.map((node) => [node.id, world.random() < 0.5 ? 0 : 1]))
      world.partition((node) => side.get(node.id) ?? 0)
      world.run(12_000)
      world.heal()
      world.until('ideal ring', gossip ? 8_000 : 60_000, world.ideal)
      world.checkLookups(50)
    })

test('parts that changed while they were apart merge all the same', () => {
  const world = new World({ seed: 24 })
  const nodes = settled(world, 16)
  world.partition((node) => (nodes.indexOf(node) % 2 === 0 ? 0 : 1))
  world.run(3_000)
  world.kill(nodes[0]!)
  world.kill(nodes[1]!)
  world.leave(nodes[2]!)
  world.run(3_000)
  world.heal()
  world.until('ideal ring', 8_000, world.ideal)
  world.checkLookups(50)
})

for (const count of [2, 3, 5])
  test(`${count} peers that were all cut off from each other find each other again by themselves`, () => {
    const world = new World({ seed: 25, gossip: false, addressBook: true })
    const nodes = settled(world, count)
    world.partition((node) => nodes.indexOf(node))
    world.until('rings of one', 30_000, () => nodes.every((node) => node.ring.view().successors.length === 0))
    // no dial is under way any more
    world.run(10_000)
    world.heal()
    world.until('ideal ring', 60_000, world.ideal)
    world.checkLookups(20)
  })

test.run()
