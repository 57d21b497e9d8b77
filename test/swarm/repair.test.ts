/** Disks fail: copies that are gone or wrong are found without a change of the ring, and made good. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { TestPeer } from './peer.js'
import { keepers, MIB, network, outsiders, request, store } from './scene.js'

function stored(seed: number, sizeBytes = 10 * MIB) {
  const { world, peers } = network(seed, 7)
  peers[0]!.write('/f', 'content', sizeBytes)
  const { id } = store(world, peers[0]!, '/f')
  world.until('four copies', 30_000, () => keepers(world, id).length === 4)
  world.run(5_000)
  return { world, peers, id }
}

/** Chunks that it got, by who sent them and what came of it. */
const got = ({ answers }: TestPeer, outcome: string): number =>
  answers.filter((answer) => answer.outcome === outcome).length

test('a copy that vanished from the disk is made again, at the same owner', () => {
  for (const seed of [31, 32, 33]) {
    const { world, id } = stored(seed)
    const victim = keepers(world, id)[1]!
    victim.disk.blobs.delete(id)
    world.until('the copy', 45_000, () => victim.disk.blobs.has(id))
    world.run(60_000)
    assert.equal(keepers(world, id).length, 4)
    assert.match(world.logs.join('\n'), /the copy of "f" is not whole any more/)
  }
})

test('who sends a wrong chunk is blamed by the reader, reads its copy again, and fetches that chunk only', () => {
  for (const seed of [34, 35, 36]) {
    const { world, peers, id } = stored(seed)
    const culprit = keepers(world, id).find((peer) => peer !== peers[0])!
    culprit.disk.rotten.set(id, new Set([3, 4]))
    const reader = outsiders(world, id, peers[0]!)[0]!
    // the others are slow, so that the culprit is asked for much
    for (const peer of peers) if (peer !== culprit) peer.uploadRate = MIB
    culprit.answers.length = 0
    let tries = 0
    while (got(reader, 'bad') === 0 && tries++ < 20) {
      const target = `/home/${tries}`
      reader.swarm.request(
        'f',
        { target },
        () => {},
        () => {},
      )
      world.until('the file', 60_000, () => reader.disk.files.has(target))
      if (got(reader, 'bad') === 0) {
        reader.disk.files.delete(target)
        world.run(1_000)
      }
    }
    const wrong = reader.answers.filter(({ outcome }) => outcome === 'bad')
    assert.ok(wrong.length > 0)
    for (const { peer } of wrong) assert.equal(peer, culprit.id)
    for (const peer of peers) assert.deepEqual(peer.blamed, [])
    world.until('the repair', 60_000, () => culprit.disk.blobs.has(id) && !culprit.disk.rotten.has(id))
    assert.equal(got(culprit, 'ok'), 2, 'only what was wrong is fetched')
    world.run(60_000)
    assert.equal(keepers(world, id).length, 4)
  }
})

test('a complaint without a reason costs one reading and changes nothing', () => {
  const { world, peers, id } = stored(37)
  const keeper = keepers(world, id)[0]!
  const liar = peers.find((peer) => peer !== keeper)!
  keeper.answers.length = 0
  for (let i = 0; i < 1_000; i++) liar.say(keeper, { type: 'chunkWrong', manifest: id })
  world.run(60_000)
  assert.ok(keeper.disk.blobs.has(id))
  assert.equal(keeper.answers.length, 0)
  assert.ok(keeper.disk.readAgain <= 5, `${keeper.disk.readAgain} times`)
  assert.equal(keepers(world, id).length, 4)
})

test('a file whose copies all rot in other chunks is made good from each other', () => {
  const { world, peers, id } = stored(38)
  const rotten = keepers(world, id).filter((peer) => peer !== peers[0])
  for (const [at, peer] of rotten.entries()) peer.disk.rotten.set(id, new Set([at, at + 5]))
  for (const peer of rotten) peers[0]!.say(peer, { type: 'chunkWrong', manifest: id })
  world.until('whole copies', 120_000, () => rotten.every(({ disk }) => disk.blobs.has(id) && !disk.rotten.has(id)))
  assert.equal(keepers(world, id).length, 4)
  const reader = world.add('late')
  world.run(3_000)
  assert.equal(request(world, reader, 'f').hash, id)
})

test.run()
