/** Polls in a real network: made on one peer, voted in on others, ended for all. */
import assert from 'node:assert'
import { suite } from 'uvu'
import type { TallyView, VoteView } from '../../src/api.js'
import { type Cluster, inCluster } from './cluster.js'

const test = suite('polls')
/** Long enough for a slow machine to vote before it. */
const OPEN_S = 30

const shown = (cluster: Cluster, poll: string, on: string): Promise<TallyView> =>
  cluster.json<TallyView>(['poll', 'show', poll], { on })

async function everywhere(
  cluster: Cluster,
  names: readonly string[],
  what: string,
  fits: (view: TallyView) => boolean,
) {
  for (const name of names) {
    await cluster.until(
      `${what} at ${name}`,
      () => cluster.json<TallyView>(['tally', 'lunch'], { on: name }),
      fits,
      150_000,
    )
  }
}

test(
  'a poll made on one peer takes its own choices on another and is final everywhere after its end',
  inCluster(async (cluster) => {
    const names = ['ada', 'bob', 'cleo']
    await cluster.startAll(names)
    await cluster.meshed(names)
    const words = [
      'poll',
      'create',
      'lunch',
      'What',
      'shall we eat?',
      '--options',
      'pizza, sushi',
      '--closes',
      `${OPEN_S}s`,
    ]
    const made = await cluster.json<VoteView>(words, { on: 'ada' })
    assert.strictEqual(made.status, 'added')
    await everywhere(cluster, names, 'the poll', (view) => view.options.length === 2)
    const vote = await cluster.json<VoteView>(['vote', 'ann', 'pizza', '--poll', 'lunch'], { on: 'bob' })
    assert.strictEqual(vote.status, 'added')
    const soup = await cluster.run(['vote', 'bea', 'soup', '--poll', 'lunch'], { on: 'cleo' })
    assert.strictEqual(soup.exit, 1)
    assert.strictEqual(soup.stderr, 'Invalid/duplicate Vote! lunch has no choice "soup": pizza, sushi\n')
    const again = await cluster.run(['poll', 'create', 'lunch', '--options', 'a,b', '--json'], { on: 'cleo' })
    assert.strictEqual(again.exit, 1)
    assert.strictEqual(again.stderr, 'a poll lunch is registered already: poll show lunch\n')
    assert.strictEqual(JSON.parse(again.stdout).status, 'invalid')
    const open = await shown(cluster, 'lunch', 'cleo')
    assert.deepStrictEqual([open.question, open.options], ['What shall we eat?', ['pizza', 'sushi']])

    // whoever made it is gone when it ends
    await cluster.peers.get('ada')?.kill('SIGKILL')
    const others = ['bob', 'cleo']
    await everywhere(cluster, others, 'the end', (view) => view.state === 'final')
    for (const name of others) {
      const view = await shown(cluster, 'lunch', name)
      assert.deepStrictEqual([view.final, view.choices], [true, { pizza: 1, sushi: 0 }])
    }
    const late = await cluster.run(['vote', 'dan', 'sushi', '--poll', 'lunch'], { on: 'bob' })
    assert.strictEqual(late.exit, 1)
    assert.match(late.stderr, /^Invalid\/duplicate Vote! lunch is closed since \d{4}-.* UTC: poll show lunch\n$/)
    const list = await cluster.run(['poll', 'list'], { on: 'cleo' })
    assert.match(list.stdout, /^poll +ballots +state +question\nlunch +1 +final +What shall we eat\?\n$/)
  }),
)

test(
  'a roll names peers, gives each one ballot, and an unknown name is an error',
  inCluster(async (cluster) => {
    const names = ['ada', 'bob']
    await cluster.startAll(names)
    await cluster.meshed(names)
    const unknown = await cluster.run(['poll', 'create', 'board', '--options', 'yes,no', '--roll', 'zoe'], {
      on: 'ada',
    })
    assert.deepStrictEqual([unknown.exit, unknown.stdout], [1, ''])
    assert.match(unknown.stderr, /^no peer "zoe" is known: peers lists them/)
    const bob = (await cluster.peers.get('bob')?.ready)?.id ?? ''
    await cluster.json(['poll', 'create', 'board', '--options', 'yes,no', '--roll', `bob,${bob.slice(0, 8)}`], {
      on: 'ada',
    })
    const stranger = await cluster.run(['vote', 'ann', 'yes', '--poll', 'board'], { on: 'ada' })
    assert.strictEqual(stranger.exit, 1)
    assert.match(stranger.stderr, /this peer is not on the roll of board/)
    await cluster.until(
      'the poll at bob',
      () => cluster.json<TallyView>(['tally', 'board'], { on: 'bob' }),
      (view) => view.roll === 1,
    )
    await cluster.json(['vote', 'ann', 'yes', '--poll', 'board'], { on: 'bob' })
    const second = await cluster.run(['vote', 'bea', 'no', '--poll', 'board'], { on: 'bob' })
    assert.strictEqual(second.exit, 1)
    assert.match(second.stderr, /this peer has a ballot in board already/)
  }),
)

test(
  'poll create without its words is misuse, without a miner pending, and poll show of nothing fails',
  inCluster(async (cluster) => {
    await cluster.startAll(['ada'], '--mine', 'never')
    const exits: readonly (readonly [number, RegExp, ...string[]])[] = [
      [2, /which name\?/, 'create'],
      [2, /which choices\?/, 'create', 'p'],
      [2, /2 to 16 choices/, 'create', 'p', '--options', 'a'],
      [2, /the choice "a" stands there twice/, 'create', 'p', '--options', 'a,b, a'],
      [2, /--closes takes/, 'create', 'p', '--options', 'a,b', '--closes', 'soon'],
      [2, /--closes is for poll create/, 'list', '--closes', '1h'],
      [1, /would end before it begins/, 'create', 'p', '--options', 'a,b', '--closes', '2001-01-01'],
      [1, /no poll "p" here/, 'show', 'p'],
      [4, /poll p: not in a block yet; it stays pending/, 'create', 'p', '--options', 'a,b', '--timeout', '1'],
    ]
    for (const [exit, why, ...words] of exits) {
      const ended = await cluster.run(['poll', ...words], { on: 'ada' })
      assert.strictEqual(ended.exit, exit, `${words.join(' ')}: ${ended.stderr}`)
      assert.match(ended.stderr, why)
      assert.strictEqual(ended.stdout, '')
    }
  }),
)

test.run()
