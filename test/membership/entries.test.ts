import assert from 'node:assert/strict'
import { test } from 'uvu'
import { idOf, signEntry, supersedes } from '../../src/membership/entry.js'
import { type Listed, PeerList } from '../../src/membership/peer-list.js'
import type { PeerBody, PeerEntry } from '../../wire/messages/membership.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import type { SimEnv } from '../sim/env.js'
import { World } from '../sim/world.js'
import { CHAIN, settle, townOf, untilOne } from './town.js'

const RELAY = 'f'.repeat(64) as PeerId
const OTHER_CHAIN = 'd'.repeat(64) as Hash

/** A list on a simulated peer, and somebody else who signs entries. */
function listWith(
  run: (parts: {
    env: SimEnv
    list: PeerList
    sign: (body: Partial<PeerBody>, chain?: Hash) => PeerEntry
    merged: Listed[]
    forged: PeerId[]
    settle: () => void
  }) => void,
): void {
  const envs: SimEnv[] = []
  const world = new World<SimEnv>({
    seed: 3,
    boot: (env) => {
      envs.push(env)
      return env
    },
  })
  world.addPeers(2)
  const [env, subject] = envs as [SimEnv, SimEnv]
  const merged: Listed[] = []
  const forged: PeerId[] = []
  const list = new PeerList(env, () => CHAIN, {
    merged: (entries) => void merged.push(...entries),
    forged: (from) => void forged.push(from),
    isLinked: () => false,
    isActive: () => true,
    forgotten: () => {},
  })
  const sign = (body: Partial<PeerBody>, chain = CHAIN): PeerEntry =>
    signEntry(subject, chain, {
      publicKey: subject.identity.publicKey,
      name: 'finch',
      startTime: 1000,
      sequence: 1,
      role: 'peer',
      state: 'up',
      addresses: ['10.0.0.1:4000' as Address],
      tasks: [],
      ...body,
    })
  world.act(() => run({ env, list, sign, merged, forged, settle: () => world.schedule.runUntil(world.now + 1000) }))
}

test('the newest entry that its subject signed wins, in whatever order they come', () => {
  listWith(({ list, sign, merged, settle }) => {
    const third = sign({ sequence: 3, name: 'third' })
    list.offer([sign({ sequence: 2 }), third, sign({ sequence: 1 })], RELAY)
    settle()
    assert.equal(list.get(idOf(third.publicKey))?.name, 'third')
    list.offer([sign({ startTime: 2000, sequence: 1, name: 'restarted' })], RELAY)
    settle()
    assert.equal(list.get(idOf(third.publicKey))?.name, 'restarted')
    assert.ok(merged.length >= 2)
  })
})

test('a replayed older entry gains nothing and costs no signature check', () => {
  listWith(({ list, sign, merged, forged, settle }) => {
    list.offer([sign({ sequence: 5, state: 'left' })], RELAY)
    settle()
    const count = merged.length
    list.offer([sign({ sequence: 4, state: 'up' })], RELAY)
    settle()
    assert.equal(merged.length, count)
    assert.equal(list.get(merged[0]!.id)?.state, 'left')
    assert.deepEqual(forged, [])
  })
})

test('an entry that was altered, or signed for another chain, is refused and its bringer named', () => {
  listWith(({ list, sign, merged, forged, settle }) => {
    const good = sign({})
    list.offer([{ ...good, addresses: ['10.6.6.6:666' as Address] }], RELAY)
    settle()
    list.offer([{ ...good, sequence: 9 }], RELAY)
    settle()
    list.offer([sign({ sequence: 10 }, OTHER_CHAIN)], RELAY)
    settle()
    assert.deepEqual(merged, [])
    assert.deepEqual(forged, [RELAY, RELAY, RELAY])
    assert.equal(list.get(idOf(good.publicKey)), undefined)
  })
})

test('of two equals all peers keep the same one', () => {
  listWith(({ sign }) => {
    const a = sign({ name: 'a' })
    const b = sign({ name: 'b' })
    assert.notEqual(supersedes(a, b), supersedes(b, a))
    assert.ok(!supersedes(a, a))
  })
})

test('a member that passes on a forged entry is cut off, and the subject keeps its place', () => {
  const town = townOf(5)
  const [good, bad, subject] = [settle(town), settle(town), settle(town)]
  untilOne(town, '5 s', 'three peers')
  town.act(() => {
    const entry: PeerEntry = {
      publicKey: subject.keys.publicKey,
      name: 'evil',
      startTime: Date.UTC(2090, 0, 1),
      sequence: 1,
      role: 'anchor',
      state: 'left',
      addresses: [],
      tasks: [],
      signature: new Uint8Array(64),
    }
    bad.peer.membership.send(good.id, { type: 'peers', version: 99, complete: 'delta', entries: [entry], lost: [] })
  })
  town.until(() => !good.peer.membership.isLinked(bad.id), '2 s', 'the forger is cut off')
  assert.ok(good.peer.membership.isLinked(subject.id))
  assert.equal(good.peer.membership.member(subject.id)?.name, 'peer-2')
  assert.ok(good.log.some(({ text }) => /peer-1 is cut off: .*false signature/.test(text)))
})

test('a lie about a peer that is there changes nothing', () => {
  const town = townOf(6)
  const [good, liar, subject] = [settle(town), settle(town), settle(town)]
  untilOne(town, '5 s', 'three peers')
  town.act(() => {
    liar.peer.membership.send(good.id, {
      type: 'peers',
      version: 99,
      complete: 'delta',
      entries: [],
      lost: [subject.id],
    })
  })
  town.run('5 s')
  untilOne(town, '1 s', 'nothing happened')
  assert.ok(!good.peer.witness.heard.some((line) => line.startsWith('lost')))
})

test.run()
