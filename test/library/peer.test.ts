import * as assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { type LogLine, OperationalError, Peer, type Progress } from '../../src/index.js'
import { linked, TestNetwork, temporary, until } from './network.js'

const test = suite('library peers', { network: new TestNetwork() })
let ann: Peer
let bob: Peer

test.before(async ({ network }) => {
  ann = await network.open('ann')
  bob = await network.open('bob')
})

test.after(({ network }) => network.close())

test('two peers find each other without a word', async () => {
  await linked(ann, bob)
  assert.deepEqual(
    ann.peers().map(({ name }) => name),
    ['bob'],
  )
  assert.equal(ann.status().peers, 1)
  const { keptBytes, quotaBytes } = ann.status()
  assert.strictEqual(keptBytes, 0)
  assert.ok(quotaBytes > 0 && quotaBytes <= 10 * 2 ** 30, `${quotaBytes}`)
  await until('the ring', () => bob.ring().successors.some(({ id }) => id === ann.id))
  const view = await ann.lookup('music.txt')
  assert.ok([ann.id, bob.id].includes(view.owner))
})

test('a vote is added once, everywhere, with a receipt', async () => {
  const words: Progress[] = []
  const view = await ann.vote('alice', 'yes', { onProgress: (progress) => words.push(progress) })
  assert.equal(view.status, 'added')
  assert.ok(words.length > 0)
  assert.equal(ann.receipt(view.ballot).block, view.block)
  await until('the block at bob', () => bob.status().tip === view.block)
  assert.deepEqual({ ...bob.tally().choices }, { yes: 1 })
  assert.deepEqual(bob.polls(), ['main'])
  assert.equal((await bob.vote('alice', 'no')).status, 'invalid')
  await assert.rejects(bob.vote('', 'no'), OperationalError)
})

test('a poll is registered for all, with what it leaves out', async () => {
  const view = await ann.createPoll('board', { options: ['yes', 'no'], roll: [bob.status().id] })
  assert.equal(view.status, 'added')
  await until('the poll at bob', () => bob.status().tip === view.block)
  const { options, question, closes, roll, state } = bob.tally('board')
  assert.deepEqual([options, question, closes, roll, state], [['yes', 'no'], '', null, 1, 'open'])
  assert.match((await ann.vote('alice', 'yes', { poll: 'board' })).reason, /not on the roll/)
  assert.equal((await bob.vote('alice', 'yes', { poll: 'board' })).status, 'added')
  await until('the ballot at ann', () => ann.tally('board').total === 1)
  await assert.rejects(ann.createPoll('one', { options: ['a'] }), OperationalError)
})

test('data is added once, refused twice, and read back in order', async () => {
  const before = bob.getData().length
  assert.equal(await bob.addData({ voter: 'carol', choice: 'tea' }), 'added')
  assert.equal(await bob.addData({ voter: ' carol ', choice: 'milk' }), 'invalid')
  assert.equal(await bob.addData({ voter: 'carol', choice: 'tea', poll: 'drinks' }), 'added')
  assert.equal(await bob.addData('no vote'), 'invalid', 'the voting rule is the default')
  const data = [
    { poll: 'main', voter: 'carol', choice: 'tea' },
    { poll: 'drinks', voter: 'carol', choice: 'tea' },
  ]
  assert.deepEqual(bob.getData().slice(before), data)
  await until('the same chain at ann', () => ann.status().tip === bob.status().tip)
  assert.deepEqual(ann.getData(), bob.getData())
})

test('a criterion of your own decides what follows the chain', async ({ network }) => {
  const seen: unknown[] = []
  const eve = await network.open('eve', {
    dataCriterion: (data, existing) => {
      seen.push(existing)
      return typeof data === 'object' && data !== null && 'price' in data
    },
  })
  await linked(eve, ann)
  await until('the chain at eve', () => eve.status().tip === ann.status().tip)
  assert.equal(await eve.addData({ item: 'book', price: [3, 'EUR'] }), 'added')
  assert.equal(await eve.addData({ item: 'book' }), 'invalid')
  await until('the block at ann', () => ann.status().tip === eve.status().tip)
  assert.deepEqual(ann.getData().at(-1), { item: 'book', price: [3, 'EUR'] })
  assert.deepEqual(seen.at(-1), ann.getData())
  await eve.close()
})

test('data that nobody mines in time is to be tried again, and is added once', async () => {
  ann.setMining('never')
  bob.setMining('never')
  const data = { voter: 'dave', choice: 'yes' }
  assert.equal(await ann.addData(data, { timeoutMs: 50 }), 'retry')
  assert.equal(await ann.addData(data, { timeoutMs: 50 }), 'retry')
  assert.equal(ann.mining().pending, 1)
  const again = ann.addData(data)
  ann.setMining('own')
  assert.equal(await again, 'added')
  assert.equal(await ann.addData(data), 'invalid')
  assert.equal(ann.getData().filter((one) => JSON.stringify(one).includes('dave')).length, 1)
  bob.setMining('own')
})

test('an aborted vote is withdrawn', async () => {
  await linked(ann, bob)
  ann.setMining('never')
  const stop = new AbortController()
  const vote = ann.vote('erin', 'yes', { poll: 'aborted', signal: stop.signal })
  assert.equal(ann.mining().pending, 1)
  stop.abort()
  await assert.rejects(vote, { name: 'AbortError' })
  assert.equal(ann.mining().pending, 0)
  await assert.rejects(ann.vote('erin', 'yes', { signal: stop.signal }), { name: 'AbortError' })
  ann.setMining('own')
})

test('a stored file arrives equal', async () => {
  const place = temporary()
  const music = join(place, 'music.bin')
  writeFileSync(music, Buffer.alloc(700_000, 'do re mi '))
  const stored = await ann.store(music)
  assert.equal(stored.holders, 2)
  const target = join(place, 'copy.bin')
  const got = await bob.request('music.bin', { path: target })
  assert.equal(got.hash, stored.id)
  assert.ok(readFileSync(target).equals(readFileSync(music)))
  await assert.rejects(bob.request('music.bin', { path: target }), OperationalError)
  const [file] = await bob.files('*.bin')
  assert.equal(file?.name, 'music.bin')
  assert.equal((await bob.manifest('music.bin')).chunks.length, stored.chunks)
  await ann.remove('music.bin')
  await until('the name to go', () => ann.status().files === 0 && bob.status().files === 0)
})

test('a shared file is served from its publisher', async () => {
  const place = temporary()
  writeFileSync(join(place, 'notes.txt'), 'from here')
  await ann.share(join(place, 'notes.txt'), { as: 'shared.txt' })
  const got = await bob.request('shared.txt', { path: join(place, 'got.txt') })
  assert.deepEqual(
    got.sources.map(({ id }) => id),
    [ann.id],
  )
  assert.equal(readFileSync(got.path, 'utf8'), 'from here')
})

test('failures say what to do, as OperationalError', async ({ network }) => {
  await assert.rejects(ann.request('nowhere.txt'), OperationalError)
  await assert.rejects(ann.store('/nowhere/at/all'), OperationalError)
  await assert.rejects(ann.connect('no address'), /neither host:port nor a ticket/)
  await assert.rejects(ann.disconnect('nobody'), /no peer is called nobody/)
  assert.throws(() => ann.receipt('00'), OperationalError)
  assert.throws(() => ann.control(99, 'cancel'), OperationalError)
  const broken = [
    { replicas: 0 },
    { quotaBytes: -1 },
    { join: 'p2p1zzz' },
    { listen: ['here'] },
    { network: '../up' },
    { name: 'a b' },
  ]
  for (const options of broken)
    await assert.rejects(Peer.open({ homes: network.homes, ...options }), OperationalError, JSON.stringify(options))
  await assert.rejects(Peer.open({ homes: network.homes, data: ann.directory }), /in use by process/)
})

test('disconnect unlinks, connect links again', async () => {
  await linked(ann, bob)
  const { address } = bob.status()
  assert.equal((await ann.disconnect('bob')).id, bob.id)
  await until('no link', () => ann.status().peers === 0)
  assert.equal((await ann.connect(address)).id, bob.id)
  await linked(ann, bob)
})

test('events tell of changes, log lines and the end', async ({ network }) => {
  const lines: LogLine[] = []
  let changes = 0
  let ends = 0
  const dan = await network.open('dan')
  dan.on('log', (line) => lines.push(line))
  dan.on('change', () => changes++)
  const stop = dan.on('change', () => assert.fail('not any more'))
  stop()
  await linked(dan, ann, bob)
  await until('changes', () => changes > 0)
  const guest = await network.open('guest')
  await linked(dan, guest)
  await until('a line of the log', () => lines.some(({ text }) => text.includes('guest')))
  assert.deepEqual(dan.log().slice(-lines.length), lines)
  const end = new Promise((resolve) => {
    dan.on('end', (event) => {
      ends++
      resolve(event)
    })
  })
  await Promise.all([dan.close(), dan.close()])
  assert.deepEqual(await end, { reason: null })
  assert.equal(ends, 1)
  await guest.close()
})

test('await using closes the peer, settles what is open and releases the directory', async ({ network }) => {
  let kept: Peer
  let open: Promise<unknown>
  {
    await using peer = await network.open('short', { mine: 'never' })
    kept = peer
    open = peer.vote('frank', 'yes', { poll: 'short' }).catch((error: unknown) => error)
    assert.ok(existsSync(join(peer.directory, 'lock')))
  }
  assert.ok((await open) instanceof OperationalError)
  assert.ok(!existsSync(join(kept.directory, 'lock')))
  assert.throws(() => kept.status(), /closed/)
  await assert.rejects(kept.vote('frank', 'yes'), /closed/)
  await assert.rejects(kept.addData({ voter: 'frank', choice: 'yes' }), /closed/)
  await using again = await network.open('short', { data: kept.directory, mine: 'never' })
  assert.equal(again.id, kept.id)
  assert.equal(again.mining().pending, 1, 'the vote was kept')
})

test('a peer that meets its end while it starts says why', async ({ network }) => {
  const [one, other] = [
    await network.open('one', { network: 'one' }),
    await network.open('other', { network: 'other' }),
  ]
  await Promise.all([one.close(), other.close()])
  rmSync(join(other.directory, 'db'), { recursive: true })
  cpSync(join(one.directory, 'db'), join(other.directory, 'db'), { recursive: true })
  await assert.rejects(network.open('other', { data: other.directory }), /chain of another network/)
  assert.ok(!existsSync(join(other.directory, 'lock')))
})

test.run()
