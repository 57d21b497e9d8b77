import assert from 'node:assert'
import { suite } from 'uvu'
import type { PeerApi, PeerView, PollDraft, TallyView } from '../../src/api.js'
import { closingTime, poll } from '../../src/cli/commands/polls.js'
import type { CommandContext, CommandHost, Outcome } from '../../src/cli/outcome.js'
import { parseWords } from '../../src/cli/parse.js'
import { VERSION } from '../../src/cli/version.js'
import { peerId, peerView } from '../ui/network.js'

const test = suite('poll commands')
const NOW_MS = Date.UTC(2026, 10, 21, 12)
const NOW_S = NOW_MS / 1000

test('the end of a poll is a span, a date or unix seconds', () => {
  const spans = { '30s': 30, '30m': 1800, '2h': 7200, '1D': 86_400 }
  for (const [text, seconds] of Object.entries(spans))
    assert.strictEqual(closingTime(text, NOW_MS + 999), NOW_S + seconds)
  assert.strictEqual(closingTime(' 1900000000 ', NOW_MS), 1_900_000_000)
  assert.strictEqual(closingTime('2030-12-31T18:00Z', NOW_MS), Date.UTC(2030, 11, 31, 18) / 1000)
  assert.strictEqual(closingTime('2030-12-31T18:00', NOW_MS), new Date(2030, 11, 31, 18).getTime() / 1000)
  assert.strictEqual(closingTime('2030-12-31', NOW_MS), new Date(2030, 11, 31).getTime() / 1000)
  for (const text of ['', 'soon', '30', '-5m', '5 m', '1.5h', '2030', '2030-13-01', '9999999m', '12345678901'])
    assert.strictEqual(closingTime(text, NOW_MS), null, text)
})

const KNOWN = [peerView('ada'), peerView('bob'), peerView('bob', { id: peerId('another bob') }), peerView('cab')]

/** Runs the words of one `poll` command on a peer that answers what it was asked. */
async function run(
  words: readonly string[],
  polls: readonly TallyView[] = [],
): Promise<Outcome & { draft?: PollDraft }> {
  let draft: PollDraft | undefined
  const peer: Partial<PeerApi> = {
    status: () => ({ id: peerId('me'), name: 'me' }) as ReturnType<PeerApi['status']>,
    peers: (): readonly PeerView[] => KNOWN,
    polls: () => polls.map((view) => view.poll),
    tally: (name) => polls.find((view) => view.poll === name) ?? tallyOf(name),
    createPoll: (given, _options, _progress, done) => {
      draft = given
      done({ ok: true, value: { status: 'added', ballot: peerId('r'), block: peerId('b'), height: 3, reason: '' } })
      return () => {}
    },
  }
  const parsed = parseWords(['poll', ...words], VERSION)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.text)
  const context: CommandContext = {
    host: { peer } as CommandHost,
    cwd: '/',
    pictures: false,
    columns: 0,
    progress: () => {},
    signal: new AbortController().signal,
    timeoutMs: undefined,
  }
  const outcome = await poll(context, parsed.invocation)
  return { ...outcome, ...(draft === undefined ? {} : { draft }) }
}

function tallyOf(name: string, change: Partial<TallyView> = {}): TallyView {
  const open = { question: '', options: [], closes: null, roll: null, state: 'open' } as const
  return { poll: name, height: 7, final: false, total: 0, choices: {}, ...open, ...change }
}

test('poll create takes a question of many words, options that are trimmed, and names or ids of peers', async () => {
  const id = peerId('stranger')
  const roll = `ada, me,${peerId('cab').slice(0, 10)},${id.toUpperCase()}`
  const outcome = await run(['CREATE', 'my lunch', 'what', 'now?', '--options', 'a, b c ,d', '--roll', roll])
  assert.strictEqual(outcome.exit, 0, outcome.message)
  assert.deepStrictEqual(outcome.draft, {
    poll: 'my lunch',
    question: 'what now?',
    options: ['a', 'b c', 'd'],
    closes: 0,
    roll: [peerId('ada'), peerId('me'), peerId('cab'), id],
  })
  assert.match(outcome.message, /^poll my lunch: in block 3 /)
  assert.deepStrictEqual(outcome.more, ['vote <voter> <choice> --poll "my lunch"'])
})

test('a roll with a peer that is unknown, or that two could be, is refused', async () => {
  const create = ['create', 'p', '--options', 'a,b', '--roll']
  assert.match((await run([...create, 'ada,zoe'])).message, /^no peer "zoe" is known/)
  assert.match((await run([...create, 'ada,'])).message, /^no peer "" is known/)
  assert.match((await run([...create, peerId('ada').slice(0, 5)])).message, /^no peer /)
  const twice = await run([...create, 'bob'])
  assert.deepStrictEqual(
    [twice.exit, twice.message],
    [1, '2 peers are called "bob": name one by its id (peers --json)'],
  )
  assert.strictEqual(twice.draft, undefined)
})

test('poll show and poll list tell the question, the end, the roll and every choice', async () => {
  const choices = { pizza: 2, soup: 0 }
  const terms = { question: 'what?', options: ['soup', 'pizza'], total: 2, choices, closes: NOW_S }
  const lunch = tallyOf('lunch', { ...terms, roll: 3 })
  const views = [tallyOf('board', { total: 1, choices: { yes: 1 } }), lunch]
  const show = await run(['show', 'lunch'], views)
  assert.deepStrictEqual(show.lines, [
    'lunch: 2 ballots at block 7, open until 2026-11-21 12:00:00 UTC',
    'what?',
    'one ballot each for 3 peers',
    `pizza         2  ${'█'.repeat(30)}`,
    'soup          0',
  ])
  const list = await run(['list'], views)
  assert.deepStrictEqual(list.lines, [
    'poll   ballots  state                               question',
    'board        1  open',
    'lunch        2  open until 2026-11-21 12:00:00 UTC  what?',
  ])
  assert.strictEqual((await run(['list'])).lines?.length, 1)
})

test.run()
