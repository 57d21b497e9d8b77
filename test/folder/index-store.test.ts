import assert from 'node:assert'
import { join } from 'node:path'
import { test } from 'uvu'
import { openStore } from '../../src/host/store-lmdb.js'
import { finished, temporary } from '../host/support.js'
import { Clock, contentOf, gossip, MemoryStore, NOON, Peer } from './world.js'

const DAY_MS = 86_400_000

test('all that is known comes back from a real database', async () => {
  const path = join(temporary(), 'db')
  const reasons: string[] = []
  const fatal = (reason: string) => reasons.push(reason)
  const store = openStore({ path, fatal })
  const ann = new Peer('ann', new Clock(), { mode: 'both' }, store).open('the marker')
  const bob = new Peer('bob').open()
  ann.mkdir('d')
  const state = ann.write('d/a.txt', 'hello', true, NOON - 0.4321)
  ann.write('d/large', ['one', 'two', 'three'])
  ann.write('gone', 'x')
  ann.remove('gone')
  bob.write('d/a.txt', 'another', false, NOON + 5)
  bob.write('far', ['four', 'five'])
  ann.hearAll(bob)
  const far = contentOf(['four', 'five'])
  assert.ok(ann.index.learn(far.id, far.size, far.blocks))
  ann.index.flush()
  await store.close()

  const again = openStore({ path, fatal })
  const later = new Peer('ann', new Clock(), { mode: 'both' }, again)
  later.index.load()
  assert.equal(later.index.marker, 'the marker')
  assert.deepEqual(new Map(later.index.known()), new Map(ann.index.known()))
  assert.deepEqual(new Map(later.index.known()).get('d/a.txt'), state)
  assert.deepEqual(later.index.digests(), ann.index.digests())
  assert.deepEqual(later.index.totals(), ann.index.totals())
  assert.deepEqual(new Set(later.index.needs()), new Set(ann.index.needs()))
  for (const [known] of ann.index.known()) assert.deepEqual(later.index.get(known), ann.index.get(known))
  assert.deepEqual(later.index.contentOf(far.id), far)
  const large = contentOf(['one', 'two', 'three'])
  assert.deepEqual(later.index.contentOf(large.id), large)
  assert.deepEqual(later.told, [])
  assert.deepEqual(later.warnings, [])
  await again.close()
  assert.deepEqual(reasons, [])
})

test('records that cannot be read are dropped, and found again by the scan', async () => {
  const path = join(temporary(), 'db')
  const store = openStore({ path, fatal: () => {} })
  const ann = new Peer('ann', new Clock(), { mode: 'both' }, store).open()
  for (const name of ['a', 'b', 'c', 'd']) ann.write(name, `of ${name}`)
  ann.write('large', ['one', 'two'])
  ann.index.flush()
  const good = store.get('folder', 'a')!
  const { id } = contentOf(['one', 'two'])
  await finished('the damage', (done) =>
    store.write(
      [
        { put: 'folder', key: 'a', value: good.slice(0, -1) },
        { put: 'folder', key: 'b', value: good },
        { put: 'folder', key: 'c', value: new Uint8Array(0) },
        { put: 'folder', key: '../out', value: good },
        { put: 'folder', key: '/not a content', value: good },
        { put: 'folder', key: `/${id}`, value: new Uint8Array(64) },
      ],
      done,
    ),
  )
  const later = new Peer('ann', new Clock(), { mode: 'both' }, store)
  later.index.load()
  assert.deepEqual(
    [...later.index.known()].map(([name]) => name),
    ['d', 'large'],
  )
  assert.equal(later.warnings.length, 1)
  assert.equal(later.index.contentOf(id), null)
  later.index.flush()
  assert.deepEqual(
    [...store.entries('folder')].map(([key]) => key),
    ['d', 'large'],
  )
  later.index.opened('marker', false)
  later.write('a', 'of a')
  assert.equal(later.best('a')?.content, contentOf('of a').id)
  await store.close()
})

test('a burst of changes is few writes', () => {
  const store = new MemoryStore()
  const clock = new Clock()
  const ann = new Peer('ann', clock, { mode: 'both' }, store).open()
  for (let number = 0; number < 5000; number++) ann.write(`f${number}`, `${number}`)
  assert.ok(store.writes <= 2, `${store.writes} writes before one was durable`)
  store.settle()
  for (let round = 0; round < 3; round++) {
    clock.pass()
    store.settle()
  }
  assert.ok(store.writes < 10, `${store.writes} writes`)
  const later = new Peer('ann', new Clock(), { mode: 'both' }, store)
  later.index.load()
  assert.equal(later.index.totals().files, 5000)
  assert.deepEqual(later.index.digests(), ann.index.digests())
})

test('what changes soon after a burst waits for the next write, and is lost neither then nor at the end', () => {
  const store = new MemoryStore()
  const clock = new Clock()
  const ann = new Peer('ann', clock, { mode: 'both' }, store).open()
  ann.write('first', 'alone')
  store.settle()
  for (let number = 0; number < 200; number++) ann.write(`f${number}`, `${number}`)
  store.settle()
  for (let number = 0; number < 200; number++) ann.write(`g${number}`, `${number}`)
  store.settle()
  const before = store.writes
  ann.write('a', 'one')
  ann.write('a', 'two')
  store.settle()
  assert.equal(store.writes, before, 'it gathers')
  clock.pass()
  assert.equal(store.writes, before + 1)
  store.settle()
  clock.pass() // that was a burst, too
  ann.write('b', 'three')
  assert.equal(store.writes, before + 2, 'a single change does not wait')
  store.settle()
  for (let number = 0; number < 200; number++) ann.write(`h${number}`, `${number}`)
  store.settle()
  assert.equal(store.writes, before + 4)
  ann.write('c', 'four')
  ann.index.flush()
  assert.equal(store.writes, before + 5, 'the end does not wait')
  clock.pass()
  assert.equal(store.writes, before + 5)
})

test('the marker of a folder is never written before all that is known of that folder', () => {
  const store = new MemoryStore()
  const clock = new Clock()
  const ann = new Peer('ann', clock, { mode: 'both' }, store).open('old')
  for (let number = 0; number < 5000; number++) ann.write(`f${number}`, `${number}`)
  ann.index.flush()
  ann.index.opened('new', true)
  ann.index.scanned()
  const marker = () => Buffer.from(store.get('meta', 'folder.marker') ?? []).toString()
  const later = () => {
    const peer = new Peer('ann', new Clock(), { mode: 'both' }, store)
    peer.index.load()
    return peer.index.totals().files
  }
  let rounds = 0
  for (; rounds < 10 && marker() !== 'new'; rounds++) {
    clock.pass()
    store.settle()
  }
  assert.equal(marker(), 'new')
  assert.ok(rounds > 1, `${rounds} rounds are no test`)
  assert.equal(later(), 0)
})

test('in a folder with another marker what the others know wins, and what stood there is told only where they know nothing', () => {
  const ann = new Peer('ann').open()
  const bob = new Peer('bob').open('old')
  for (const peer of [ann, bob]) peer.write('both', 'as it was')
  gossip([ann, bob])
  ann.write('both', 'as ann wrote it later')
  bob.index.opened('new', true)
  assert.deepEqual([...bob.index.known()], [])
  assert.deepEqual([...bob.index.needs()], [], 'nothing is written before it was scanned')
  bob.write('both', 'something older', false, NOON + 500)
  bob.write('mine', 'only here')
  bob.index.scanned()
  gossip([ann, bob])
  assert.equal(ann.best('both')?.content, contentOf('as ann wrote it later').id)
  assert.equal(ann.best('mine')?.content, contentOf('only here').id)
  assert.equal(bob.index.need('both')?.kind, 'write')
  assert.deepEqual([...bob.index.conflicts()], [])
})

test('a crash before the other folder was scanned leaves it another folder', () => {
  const store = new MemoryStore()
  new Peer('bob', new Clock(), { mode: 'both' }, store).open('old').index.flush()
  const bob = new Peer('bob', new Clock(), { mode: 'both' }, store)
  bob.index.load()
  assert.equal(bob.index.marker, 'old')
  bob.index.opened('new', true)
  bob.index.flush()
  const again = new Peer('bob', new Clock(), { mode: 'both' }, store)
  again.index.load()
  assert.equal(again.index.marker, null)
  again.open('new', true).index.flush()
  const last = new Peer('bob', new Clock(), { mode: 'both' }, store)
  last.index.load()
  assert.equal(last.index.marker, 'new')
})

test('deletions are forgotten after 180 days, and not taken back from others', () => {
  const clock = new Clock()
  const ann = new Peer('ann', clock).open()
  const bob = new Peer('bob', clock).open()
  ann.write('a', 'x')
  ann.remove('a')
  gossip([ann, bob])
  clock.ms += 179 * DAY_MS
  ann.index.tend()
  assert.equal(ann.best('a')?.kind, 'deleted')
  clock.ms += 2 * DAY_MS
  ann.index.tend()
  assert.equal(ann.index.get('a'), undefined)
  assert.equal(ann.hear(bob, 'a').how, 'known')
  assert.equal(ann.index.get('a'), undefined)
  bob.index.tend()
  assert.deepEqual(ann.index.digests(), bob.index.digests())
})

test('whoever was away for longer than deletions are remembered begins anew', () => {
  const store = new MemoryStore()
  const clock = new Clock()
  const ann = new Peer('ann', clock, { mode: 'both' }, store).open()
  const bob = new Peer('bob', clock).open()
  const state = ann.write('a', 'deleted by bob meanwhile')
  ann.write('b', 'changed by bob meanwhile')
  gossip([ann, bob])
  bob.workAll()
  ann.index.tend()
  ann.index.flush()
  bob.remove('a')
  bob.write('b', 'changed')
  clock.ms += 181 * DAY_MS
  const back = new Peer('ann', clock, { mode: 'both' }, store)
  back.index.load()
  assert.deepEqual([...back.index.known()], [])
  assert.equal(back.warnings.length, 1)
  back.index.opened('marker', false)
  back.see({ path: 'a', state, content: contentOf('deleted by bob meanwhile') })
  back.write('b', 'changed by bob meanwhile')
  back.index.scanned()
  gossip([back, bob])
  assert.equal(back.index.need('a')?.kind, 'remove')
  assert.equal(back.index.need('b')?.kind, 'write')
})

test.run()
