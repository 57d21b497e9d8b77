/** The source of an attached console against a real peer, over its real control socket. */
import assert from 'node:assert'
import { suite } from 'uvu'
import { RemoteSource } from '../../src/cli/remote-source.js'
import { runningPeers } from '../../src/host/runtime.js'
import type { Peer } from '../../src/index.js'
import type { CommandOutcome } from '../../ui/source.js'
import { TestNetwork, until } from '../library/network.js'

class Attached {
  readonly source: RemoteSource
  reason: string | null = null

  constructor(network: TestNetwork, name: string) {
    const entry = runningPeers(network.homes.runtime).find((one) => one.name === name)
    assert(entry !== undefined, `${name} runs`)
    this.source = new RemoteSource(entry, {
      everyMs: () => 20,
      ended: (reason) => {
        this.reason = reason
      },
    })
    this.source.subscribe(() => {})
  }

  run(line: string, signal = new AbortController().signal, progress = () => {}): Promise<CommandOutcome> {
    return this.source.run(line, { progress, message: () => {} }, signal)
  }
}

const test = suite('remote source', { network: new TestNetwork() })
let ann: Peer
let first: Attached
let second: Attached

test.before(async ({ network }) => {
  ann = await network.open('ann', { control: true })
  first = new Attached(network, 'ann')
  second = new Attached(network, 'ann')
})

test.after(({ network }) => network.close())

test('before the first picture there is none, then it is what the peer sees', async () => {
  assert.strictEqual(first.source.snapshot(), null)
  const snapshot = await until('a picture', () => first.source.snapshot())
  const { id, name, address } = ann.status()
  assert.deepStrictEqual(
    { id: snapshot.status.id, name: snapshot.status.name, address: snapshot.status.address },
    { id, name, address },
  )
  assert.deepStrictEqual(snapshot.chain, JSON.parse(JSON.stringify(ann.chain(32))))
  await until('the log so far', () => first.source.log().length >= ann.log().length)
})

test('a vote typed in one attached console is mined by the peer and seen by the other', async () => {
  let words = 0
  const outcome = await first.run('VOTE alice "oui madame"', undefined, () => words++)
  assert.match(outcome.message, /^alice → oui madame: in block 1 /)
  assert.deepStrictEqual([outcome.exit, outcome.long], [0, undefined])
  assert(words > 0, 'progress')
  assert.deepStrictEqual({ ...ann.tally().choices }, { 'oui madame': 1 })
  await until('the ballot at the other console', () => second.source.snapshot()?.tallies[0]?.total === 1)
  const again = await second.run('vote alice no')
  assert.deepStrictEqual([again.exit, again.message], [1, 'Invalid/duplicate Vote! alice has a ballot in main already'])
})

test('long answers and mistakes read as they do in a console with the peer in it', async () => {
  const tally = await first.run(':tally')
  assert.strictEqual(tally.message, 'main: 1 ballot at block 1')
  assert.deepStrictEqual([tally.long?.title, tally.long?.lines[0]], [':tally', 'main: 1 ballot at block 1'])
  assert.strictEqual((await first.run('vote "alice')).message, 'a quote is still open')
  assert.match((await first.run('vote')).message, /missing required argument 'voter'/)
  assert.match((await first.run('attach')).message, /this is a console already/)
  const missing = await first.run('request nothing.txt --timeout 20')
  assert.strictEqual(missing.exit, 1)
  assert.match(missing.message, /nothing\.txt/)
})

test('completion knows commands, polls and files from the picture', async () => {
  const complete = (line: string) => first.source.complete(line).candidates.map(({ value }) => value)
  assert.deepStrictEqual(complete('tal'), ['tally'])
  assert.deepStrictEqual(complete('tally m'), ['main'])
  assert.deepStrictEqual(complete('vote bob '), ['oui madame'])
  assert.deepStrictEqual(complete('atta'), [])
})

test('polls and their choices are completed that no picture has room for', async () => {
  const polls = Array.from({ length: 10 }, (_, poll) => `poll-${poll}`)
  await Promise.all(polls.map((poll) => first.run(`vote ann choice-of-${poll} --poll ${poll}`)))
  const values = (line: string) => first.source.complete(line).candidates.map(({ value }) => value)
  await until('all polls', () => values('tally poll-').length === polls.length)
  assert.deepStrictEqual([...values('vote bob x --poll poll-')].sort(), polls)
  assert((first.source.snapshot()?.tallies.length ?? 0) < polls.length, 'the picture has them all')
  for (const poll of polls) assert.deepStrictEqual(values(`vote --poll ${poll} bob `), [`choice-of-${poll}`])
})

test('an abort cancels the command at the peer, and leaving does not', async ({ network }) => {
  assert.strictEqual((await first.run('mine never')).exit, 0)
  const abort = new AbortController()
  const hangs = first.run('vote bob yes', abort.signal, () => abort.abort())
  assert.deepStrictEqual(await hangs, { exit: 1, message: 'cancelled' })
  const third = new Attached(network, 'ann')
  await until('a picture', () => third.source.snapshot())
  const { pending } = ann.mining()
  void third.run('vote carol yes')
  await until('the ballot to wait', () => ann.mining().pending > pending)
  await third.source.quit(true)
  assert.strictEqual((await first.run('mine own')).exit, 0)
  await until("carol's ballot in the chain", () => ann.tally().total >= 2)
  assert.strictEqual(third.reason, null)
  assert.strictEqual(ann.status().name, 'ann')
})

test("the peer's end is told to those who are attached, with its reason, and not to those who left", async () => {
  await second.source.quit(false)
  await ann.close()
  await until('the reason', () => first.reason)
  assert.strictEqual(first.reason, 'ann: it left the network')
  assert.strictEqual(second.reason, null)
  const late = await first.run('status')
  assert.strictEqual(late.exit, 1)
  assert.match(late.message, /^ann does not answer/)
})

test.run()
