/** The lines that users of the older systems know: a small scenario in which each of them is true. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Done, PeerApi, Result } from '../../src/api.js'
import type { LogLevel } from '../../src/env.js'
import type { SimNode } from './node.js'
import { bootPeer } from './peer.js'
import { World } from './world.js'

type Node = SimNode<PeerApi>
const MINE = { timeoutMs: 60_000 }

function answered<T>(world: World<PeerApi>, what: string, command: (done: Done<T>) => void): Result<T> {
  const answers: Result<T>[] = []
  world.act(() => command((result) => void answers.push(result)))
  world.until(() => answers.length > 0, '120 s', what)
  const [first] = answers
  assert.ok(first)
  return first
}

/** Plays the scenario; answers the lines of all peers. */
function play(): {
  readonly lines: readonly { readonly level: LogLevel; readonly text: string }[]
  readonly all: Node[]
} {
  const world = new World<PeerApi>({ seed: 11, boot: bootPeer })
  const [ann, ben, cid, dot] = world.addPeers(4)
  assert.ok(ann && ben && cid && dot)
  const all = [ann, ben, cid, dot]
  world.until(() => all.every(({ peer }) => peer.status().peers === 3), '60 s', 'all to know each other')
  world.run('10 s')
  const vote = (node: Node, voter: string): Result<unknown> =>
    answered(world, 'a vote', (done) => node.peer.vote(voter, 'yes', { poll: 'main', ...MINE }, () => {}, done))
  assert.ok(vote(ann, 'alice').ok)
  world.run('5 s')
  vote(ben, 'alice')
  ann.files.put('/home/music', 700_000, 5)
  assert.ok(answered(world, 'the store', (done) => ann.peer.store('/home/music', { as: 'music' }, () => {}, done)).ok)
  world.run('10 s')
  const request = (name: string): Result<unknown> =>
    answered(world, name, (done) => dot.peer.request(name, { target: `/final/${name}` }, () => {}, done))
  ann.files.put('/home/film', 700_000, 6)
  assert.ok(answered(world, 'the share', (done) => ann.peer.share('/home/film', { as: 'film' }, () => {}, done)).ok)
  assert.ok(request('film').ok)
  assert.ok(!request('nothing').ok)
  assert.ok(answered(world, 'the removal', (done) => ann.peer.remove('music', done)).ok)
  let isGone = false
  world.act(() => cid.peer.quit(() => void (isGone = true)))
  world.until(() => isGone, '20 s', 'a goodbye')
  world.exit(cid)
  world.run('5 s')
  world.kill(ben)
  world.run('10 s')
  return { lines: all.flatMap(({ log }) => log), all }
}

const { lines, all } = play()
const NAME = '(peer-[0-3])'

const EXPECTED: readonly (readonly [LogLevel, RegExp])[] = [
  ['info', /^Listening for peers on \d/],
  ['info', new RegExp(`^New peer connection from ${NAME} \\(`)],
  ['debug', new RegExp(`^SYN sent to ${NAME}`)],
  ['info', new RegExp(`^SYN received from ${NAME}`)],
  ['info', /^FIN sent to 3 peers/],
  ['info', /^FIN received from peer-2/],
  ['info', /^Peer disconnected: peer-2 \(left\)/],
  ['info', /^Peer disconnected: peer-1 \(lost\)/],
  ['info', new RegExp(`^Peer ${NAME} departed`)],
  ['debug', new RegExp(`^Ping request received from ${NAME}`)],
  ['debug', new RegExp(`^Ping response received from ${NAME}`)],
  ['info', new RegExp(`^My new first successor is ${NAME}`)],
  ['info', new RegExp(`^My new second successor is ${NAME}`)],
  ['info', new RegExp(`^My new first predecessor is ${NAME}`)],
  ['info', new RegExp(`^My new second predecessor is ${NAME}`)],
  ['info', /^Block 1 mined: 1 record, [0-9a-f]{8}/],
  ['info', /^Block 1 added: 1 record, [0-9a-f]{8}/],
  ['info', /^Invalid\/duplicate Vote! alice has a ballot in main already$/],
  ['info', /^Store music request sent to peer-\d, peer-\d, peer-\d/],
  ['info', /^Store music request accepted/],
  ['info', /^File music is stored here/],
  ['info', /^Request for file music received from peer-\d/],
  ['info', /^Request for file film sent to its holders/],
  ['info', /^Request for file film received from peer-3/],
  ['info', /^File film received/],
  ['info', /^File does not exist: "nothing"/],
  ['info', /^File music was removed by its publisher: the copy here is dropped/],
]

for (const [level, pattern] of EXPECTED) {
  test(`${level} ${pattern.source}`, () => {
    const found = lines.find(({ text }) => pattern.test(text))
    assert.ok(found, `not among:\n${[...new Set(lines.map(({ text }) => text))].join('\n')}`)
    assert.equal(found.level, level)
  })
}

test('no peer says more than a few lines a second, chatter aside', () => {
  for (const { log, name } of all) {
    const loud = log.filter(({ level }) => level !== 'debug')
    assert.ok(loud.length < 100, `${name} said ${loud.length} lines`)
  }
})

test.run()
