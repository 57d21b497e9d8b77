/** Rows of what others download from here: when they come and when they go. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { TransferView } from '../../src/api.js'
import type { TestPeer } from './peer.js'
import { MIB, network, quiet, request } from './scene.js'
import type { World } from './world.js'

const uploads = (peer: TestPeer): readonly TransferView[] =>
  peer.swarm.transfers().filter(({ direction }) => direction === 'up')

function shared(seed: number, mebibytes: number): { world: World; publisher: TestPeer; reader: TestPeer } {
  const { world, peers } = network(seed, 3)
  const [publisher, reader] = peers as [TestPeer, TestPeer]
  publisher.write('/big', 'data', mebibytes * MIB)
  assert.ok(world.wait('share', 30_000, (done) => publisher.swarm.share('/big', {}, quiet, done)).ok)
  return { world, publisher, reader }
}

test('an upload is shown while it runs, and goes ten seconds after its last chunk, which is told', () => {
  const { world, publisher, reader } = shared(31, 10)
  assert.deepEqual(uploads(publisher), [])
  request(world, reader, 'big')
  assert.equal(uploads(publisher).length, 1)
  world.run(9_000)
  assert.equal(uploads(publisher).length, 1)
  const { changes } = publisher
  world.run(1_500)
  assert.deepEqual(uploads(publisher), [])
  assert.ok(publisher.changes > changes, 'nobody was told')
})

test('an upload of a file that is removed goes at once, though its reader goes on', () => {
  const { world, publisher, reader } = shared(32, 100)
  publisher.uploadRate = 5 * MIB
  reader.swarm.request('big', { target: '/big' }, quiet, quiet)
  world.until('the upload', 30_000, () => uploads(publisher).length === 1)
  const { served } = publisher
  world.until('some chunks', 30_000, () => publisher.served > served + 10)
  publisher.swarm.remove('big', quiet)
  world.run(100)
  assert.deepEqual(uploads(publisher), [])
  world.run(5_000)
  assert.deepEqual(uploads(publisher), [])
})

test('an upload of a file that is no more on the disk goes at once', () => {
  const { world, publisher, reader } = shared(33, 100)
  publisher.uploadRate = 5 * MIB
  reader.swarm.request('big', { target: '/big' }, quiet, quiet)
  world.until('the upload', 30_000, () => uploads(publisher).length === 1)
  publisher.disk.files.delete('/big')
  world.until('the end of the upload', 3_000, () => uploads(publisher).length === 0)
})

test('a request is told in the log of both ends, and a name that nobody has in the answer', () => {
  const { world, publisher, reader } = shared(34, 10)
  request(world, reader, 'big')
  const said = (peer: TestPeer, text: string): boolean =>
    world.logs.some((line) => line.includes(` ${peer.name} info ${text}`))
  assert.ok(said(reader, 'Request for file big sent to its holders'))
  assert.ok(said(publisher, `Request for file big received from ${reader.name}`))
  assert.ok(said(reader, 'File big received'))
  const asks = ['nothing', 'nothing@p0', `p2p:${'a'.repeat(64)}`, '.']
  for (const what of asks) {
    const result = world.wait('an answer', 60_000, (done) =>
      reader.swarm.request(what, { target: '/home/x' }, quiet, done),
    )
    assert.ok(!result.ok)
    assert.match(result.message, /File does not exist: ./)
    assert.ok(said(reader, result.message))
  }
})

test('a peer that asks for a thousand files fills no log', () => {
  const { world, peers } = network(35, 3)
  const [publisher, reader] = peers as [TestPeer, TestPeer]
  const names = Array.from({ length: 40 }, (_, place) => `f${place}`)
  for (const name of names) {
    publisher.write(`/${name}`, name, 1000)
    assert.ok(world.wait('share', 30_000, (done) => publisher.swarm.share(`/${name}`, {}, quiet, done)).ok)
  }
  const before = world.logs.length
  const began = world.nowMs
  for (const name of names) request(world, reader, name)
  const lines = world.logs.slice(before).filter((line) => line.includes('received from'))
  assert.ok(lines.length <= 6 + (world.nowMs - began) / 1000, `${lines.length} lines`)
})

test.run()
