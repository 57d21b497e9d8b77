import assert from 'node:assert/strict'
import { suite } from 'uvu'
import { encodeHeader } from '../../src/ledger/header.js'
import { leafHash } from '../../src/ledger/merkle.js'
import { encodeWork, genesisNode, type Node } from '../../src/ledger/node.js'
import type { SignedRecord } from '../../src/ledger/record.js'
import type { LedgerMessage } from '../../wire/messages.js'
import type { Hash } from '../../wire/types.js'
import { ballot, close, GENESIS, type HeaderChanges, idOf, mined, minedNode, note, poll } from './blocks.js'
import { START_MS, type TestPeer, World } from './world.js'

const test = suite('hostile')
const genesis = genesisNode(GENESIS)

interface Scene {
  readonly world: World
  readonly victim: TestPeer
  readonly attacker: TestPeer
}

/** A victim with one block, linked to a peer that says what the test wants and answers nothing. */
function scene(): Scene & { readonly tip: Node } {
  const world = new World()
  const victim = world.add('victim', { mode: 'always' })
  victim.voteNow('ann', 'yes')
  victim.ledger.setMining('never')
  const attacker = world.add('attacker', { mode: 'never' })
  world.until(() => attacker.tip === victim.tip, 2000, 'linked and in step')
  const block = victim.ledger.chain(1).blocks[0]!
  const stored = victim.store.get('headers', `00000001${block.hash}`)!
  const root = Buffer.from(stored).toString('hex', 36, 68) as Hash
  const version = Buffer.from(stored).readUInt32LE(0)
  const { hash, previous, time, bits, nonce } = block
  attacker.ledger.receive = () => {}
  const work = victim.ledger.claim().work
  return {
    world,
    victim,
    attacker,
    tip: { hash, header: { version, previous, root, time, bits, nonce }, height: 1, work, parent: genesis },
  }
}

const announceOf = (header: Uint8Array, height: number, work: bigint): LedgerMessage => ({
  type: 'announce',
  header,
  height,
  work: encodeWork(work),
})
const announce = (node: Node): LedgerMessage => announceOf(encodeHeader(node.header), node.height, node.work)

/** Says it, and expects to be blamed for it while the victim's state stays as it was. */
function blamedFor({ world, victim, attacker }: Scene, why: RegExp, ...messages: readonly LedgerMessage[]): void {
  const chain = victim.ledger.chain(10)
  const before = [...victim.store.entries('headers'), ...victim.store.entries('blocks')]
  const pending = victim.ledger.mining().pending
  for (const message of messages) attacker.say(victim, message)
  world.run(15_000)
  assert.equal(victim.blamed.length, 1, victim.blamed.join())
  assert.match(victim.blamed[0]!, why)
  assert.ok(!victim.links.has(attacker.id))
  assert.deepEqual(victim.ledger.chain(10), chain)
  assert.deepEqual([...victim.store.entries('headers'), ...victim.store.entries('blocks')], before)
  assert.equal(victim.ledger.mining().pending, pending)
  assert.equal(victim.ledger.mining().syncing, null)
}

const badHeader = (name: string, why: RegExp, changes: HeaderChanges): void => {
  test(`an announced header ${name} is blamed`, () => {
    const stage = scene()
    const header = mined(stage.tip, [note('x')], changes)
    blamedFor(stage, why, announceOf(header, 2, stage.tip.work + 15n))
  })
}
badHeader('easier than the floor', /wrong difficulty/, { bits: 0x207fffff })
badHeader('harder than required', /wrong difficulty/, { bits: 0x1f7fffff })
badHeader('earlier than its parent', /earlier than its parent/, { time: START_MS / 1000 - 1 })
badHeader('of another version', /unknown version/, { version: 1 })

test('an announced header without work is blamed', () => {
  const stage = scene()
  const header = Buffer.from(mined(stage.tip, [note('x')]))
  header.writeUInt32LE(0xfffffff0, 76)
  blamedFor(stage, /not enough work/, announceOf(header, 2, stage.tip.work + 15n))
})

test('a header that announces more work than it has is blamed', () => {
  const stage = scene()
  blamedFor(stage, /another work/, announceOf(mined(stage.tip, [note('x')]), 2, stage.tip.work + 1000n))
})

test('headers from the future are held, sixteen a peer, and never blamed', () => {
  const { world, victim, attacker, tip } = scene()
  const wall = Math.floor((START_MS + world.nowMs) / 1000)
  for (let n = 0; n < 40; n++) attacker.say(victim, announce(minedNode(tip, [note(`${n}`)], { time: wall + 61 + n })))
  world.run(100)
  assert.equal(attackerAsked(victim).length, 0)
  world.run(100_000)
  const asked = attackerAsked(victim)
  assert.ok(asked.length >= 1 && asked.length <= 16, `${asked.length} blocks asked for`)
  // in the end it is cut off for silence, which is another matter
  assert.ok(!victim.blamed.some((line) => line.includes('protocol')), victim.blamed.join())
})

function attackerAsked(victim: TestPeer): readonly Hash[] {
  return [...new Set(victim.sent.flatMap(({ message }) => (message.type === 'getBlocks' ? message.blocks : [])))]
}

test('a claim of work without headers is blamed', () => {
  const stage = scene()
  const orphan = minedNode(minedNode(stage.tip, [note('x')]), [note('y')])
  const huge = announceOf(encodeHeader(orphan.header), 1000, 1n << 200n)
  blamedFor(stage, /timeout: claimed more work and sent no headers/, huge)
})

test('a claim that its headers do not fulfil is blamed', () => {
  const stage = scene()
  const [x, orphan] = chainOf(stage.tip, 2)
  const headers = [x!, orphan!].map((node) => encodeHeader(node.header))
  const huge = announceOf(encodeHeader(orphan!.header), 1000, 1n << 200n)
  blamedFor(stage, /claimed more work than its headers have/, huge, { type: 'headers', headers })
})

function chainOf(parent: Node, count: number): readonly Node[] {
  const nodes: Node[] = []
  while (nodes.length < count) nodes.push(minedNode(nodes.at(-1) ?? parent, [note(`${nodes.length}`)]))
  return nodes
}

test('headers that do not connect are blamed', () => {
  const stage = scene()
  const nodes = chainOf(stage.tip, 3)
  const headers = [nodes[2]!, nodes[0]!].map((node) => encodeHeader(node.header))
  blamedFor(stage, /does not connect/, announce(nodes[2]!), { type: 'headers', headers })
})

test('what nobody asked for is blamed', () => {
  const [node] = chainOf(genesis, 1)
  const record = note('x')
  const unasked: readonly LedgerMessage[] = [
    { type: 'headers', headers: [encodeHeader(node!.header)] },
    { type: 'block', block: node!.hash, records: [record.bytes] },
    { type: 'noBlock', block: node!.hash },
    { type: 'records', records: [record.bytes] },
  ]
  for (const message of unasked) blamedFor(scene(), /unsolicited/, message)
})

/** Announces a block and answers the question for it with these records. */
function offerBlock(stage: Scene, node: Node, records: readonly Uint8Array[]): readonly LedgerMessage[] {
  stage.attacker.ledger.receive = (_from, message) => {
    if (message.type === 'getBlocks') stage.attacker.say(stage.victim, { type: 'block', block: node.hash, records })
  }
  return [announce(node)]
}

const bytesOf = (records: readonly SignedRecord[]): readonly Uint8Array[] => records.map(({ bytes }) => bytes)

test('records that do not hash to the root are blamed', () => {
  const stage = scene()
  const node = minedNode(stage.tip, [note('x')])
  blamedFor(stage, /do not hash to the root/, ...offerBlock(stage, node, bytesOf([note('other')])))
})

const invalidBlock = (name: string, records: () => readonly SignedRecord[]): void => {
  test(`a block with ${name} is blamed and never stored`, () => {
    const stage = scene()
    const content = records()
    const node = minedNode(stage.tip, content)
    blamedFor(stage, /its block 2 is invalid/, ...offerBlock(stage, node, bytesOf(content)))
  })
}
invalidBlock('a voter of the chain', () => [ballot('ann', 'again')])
invalidBlock('a voter twice', () => [ballot('bob', 'yes'), ballot('bob', 'no')])
invalidBlock('one record twice', () => {
  const twice = note('x')
  return [twice, twice]
})
invalidBlock('too many bytes', () => Array.from({ length: 242 }, (_, n) => note(`${n}`.padEnd(2048, 'x'))))
invalidBlock('a choice that its poll does not have', () => [poll('lunch'), ballot('bob', 'soup', 'a', 'lunch')])
invalidBlock('a poll of a name that has ballots', () => [poll('main', { options: ['yes', 'no'] })])
invalidBlock('a poll twice', () => [poll('lunch'), poll('lunch', {}, 'another')])
invalidBlock('a poll that has ended', () => [poll('lunch', { closes: START_MS / 1000 })])
invalidBlock('the end of a poll that goes on', () => [poll('lunch', { closes: START_MS / 1000 + 900 }), close('lunch')])
invalidBlock('the end of a poll that never ends', () => [poll('lunch'), close('lunch')])
invalidBlock('the end of no poll', () => [close('lunch')])
invalidBlock('a second ballot of one peer on a roll', () => [
  poll('lunch', { roll: [idOf('a')] }),
  ballot('bob', 'pizza', 'a', 'lunch'),
  ballot('cy', 'pizza', 'a', 'lunch'),
])
invalidBlock('a ballot of a peer that is not on the roll', () => [
  poll('lunch', { roll: [idOf('a')] }),
  ballot('bob', 'pizza', 'b', 'lunch'),
])
invalidBlock('a poll whose roll is out of order', () => [
  poll('lunch', { roll: [idOf('a'), idOf('b')].sort().reverse() }),
])
invalidBlock('a forged signature', () => {
  const good = ballot('bob', 'yes')
  const bytes = new Uint8Array(good.bytes)
  bytes[bytes.length - 1]! ^= 1
  // same record, other signature: the leaf changes with it
  return [{ ...good, bytes, leaf: leafHash(bytes) }]
})

/** Announces records and answers the question for them. */
function offerRecords(stage: Scene, ...records: readonly SignedRecord[]): void {
  stage.attacker.ledger.receive = (_from, message) => {
    if (message.type !== 'getRecords') return
    stage.attacker.say(stage.victim, { type: 'records', records: bytesOf(records) })
  }
  stage.attacker.say(stage.victim, { type: 'inventory', ids: records.map(({ id }) => id) })
}

test('a record that is not normal is blamed on who sent it', () => {
  for (const bad of [poll('lunch', { options: ['a', 'a'] }), poll(' lunch'), close('a\u0007')]) {
    const stage = scene()
    offerRecords(stage, bad)
    stage.world.run(1000)
    assert.match(stage.victim.blamed.join(), /^attacker: protocol: record: /)
    assert.equal(stage.victim.ledger.mining().pending, 0)
  }
})

test('well-made records that the chain cannot take are left out, and nobody is blamed', () => {
  const stage = scene()
  const early = Array.from({ length: 30 }, (_, n) => close('lunch', `closer ${n}`))
  offerRecords(stage, ...early.slice(0, 10), poll('main'), poll('past', { closes: 1 }), ballot('ann', 'no'))
  stage.world.run(2000)
  assert.equal(stage.victim.ledger.mining().pending, 0)
  assert.deepEqual(stage.victim.blamed, [])
})

test('sixty ends of one poll take the place of one', () => {
  const { world, victim, attacker } = scene()
  victim.ledger.setMining('own')
  victim.createPollNow('lunch', { closes: START_MS / 1000 + 30 })
  victim.ledger.setMining('never')
  const records = Array.from({ length: 60 }, (_, n) => close('lunch', `closer ${n}`))
  attacker.ledger.receive = (_from, message) => {
    if (message.type !== 'getRecords') return
    const asked = records.filter(({ id }) => message.ids.includes(id))
    attacker.say(victim, { type: 'records', records: bytesOf(asked) })
  }
  attacker.say(victim, { type: 'inventory', ids: records.map(({ id }) => id) })
  world.run(10_000)
  assert.equal(victim.ledger.mining().pending, 1)
  assert.equal(victim.ledger.tally('lunch').state, 'open', 'an end that comes early ends nothing')
  world.run(25_000)
  assert.equal(victim.ledger.mining().pending, 1, 'and the creator needs no other')
  victim.ledger.setMining('always')
  world.until(() => victim.ledger.tally('lunch').final, 5000, 'the end')
  assert.deepEqual(victim.blamed, [])
})

test('a peer that announces a solved block and keeps it back is cut off, and mining goes on', () => {
  const { world, victim, attacker, tip } = scene()
  victim.ledger.setMining('own')
  attacker.say(victim, announce(minedNode(tip, [note('x')])))
  world.run(10)
  const answer = victim.vote('bob', 'yes')
  world.until(() => typeof answer.result === 'object', 30_000, 'the vote is mined all the same')
  assert.deepEqual(victim.blamed, ['attacker: slow: claimed blocks and did not send them'])
})

test.run()
