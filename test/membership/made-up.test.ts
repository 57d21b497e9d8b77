import assert from 'node:assert/strict'
import { sign } from 'node:crypto'
import { test } from 'uvu'
import { Bucket } from '../../src/bucket.js'
import { BURST, Hearsay, PER_SECOND } from '../../src/membership/hearsay.js'
import { type Listed, PeerList } from '../../src/membership/peer-list.js'
import { DROPPED_MS, MAX_UNMET, SHARE, Unmet } from '../../src/membership/unmet.js'
import { encodeCanonical, signedText } from '../../wire/canonical.js'
import { MAX_ENTRIES, type PeerEntry, peerBody } from '../../wire/messages/membership.js'
import type { Address, PeerId } from '../../wire/types.js'
import { keysOf, type SimEnv } from '../sim/env.js'
import { World } from '../sim/world.js'
import { CHAIN, type House, settle, townOf, untilOne, viewsOf } from './town.js'

const idAt = (at: number): PeerId => at.toString(16).padStart(64, '0') as PeerId
const A = 'a'.repeat(64) as PeerId
const B = 'b'.repeat(64) as PeerId
/** Keys for made-up peers: of no peer of the small worlds here. */
const FIRST_KEY = 10_000

function madeUp(at: number, fields: Partial<PeerEntry> = {}): PeerEntry {
  const keys = keysOf(1, FIRST_KEY + at)
  const body = {
    publicKey: keys.publicKey,
    name: `made-up-${at}`,
    startTime: 1,
    sequence: 1,
    role: 'anchor' as const,
    state: 'up' as const,
    addresses: [`127.0.0.1:${20_000 + at}` as Address],
    tasks: [],
    ...fields,
  }
  const text = signedText('peer', CHAIN, encodeCanonical(peerBody, body))
  return { ...body, signature: new Uint8Array(sign(null, text, keys.privateKey)) }
}

const many = (count: number, fields: Partial<PeerEntry> = {}): readonly PeerEntry[] =>
  Array.from({ length: count }, (_, at) => madeUp(at, fields))

function alone(run: (env: SimEnv, wait: (ms: number) => void) => void): void {
  const envs: SimEnv[] = []
  const world = new World<SimEnv>({
    seed: 4,
    boot: (env) => {
      envs.push(env)
      return env
    },
  })
  world.addPeers(1)
  const [env] = envs as [SimEnv]
  world.act(() => run(env, (ms) => world.schedule.runUntil(world.now + ms)))
}

test('a bucket gives its burst at once and its rate from then on', () => {
  alone((env, wait) => {
    const bucket = new Bucket(env, 10, 4)
    const taken = (): number => Array.from({ length: 100 }, () => bucket.take()).filter(Boolean).length
    assert.equal(taken(), 10)
    wait(1000)
    assert.equal(taken(), 4)
    wait(60_000)
    assert.equal(taken(), 10)
  })
})

test('one source gets its quota, the rest of what it told follows slowly, another source has its own', () => {
  alone((env, wait) => {
    const admitted: Listed[] = []
    const known = new Set<PeerId>()
    const hearsay = new Hearsay(env, {
      isNews: ({ id }) => !known.has(id),
      admit: (items) => {
        for (const item of items) known.add(item.id)
        admitted.push(...items)
      },
    })
    const items = many(500).map((entry, at) => ({ id: idAt(at), entry }))
    assert.equal(hearsay.admit(items, A).length, BURST)
    assert.equal(hearsay.admit(items.slice(300, 320), B).length, 20)
    wait(10_500)
    assert.ok(Math.abs(admitted.length - 10 * PER_SECOND) <= PER_SECOND, `${admitted.length}`)
    hearsay.linkDown(A)
    const before = admitted.length
    wait(10_000)
    assert.equal(admitted.length, before)
  })
})

test('whoever tells of most peers that nobody met loses the oldest of them first', () => {
  alone((env, wait) => {
    const unmet = new Unmet(env)
    let at = 0
    const add = (source: PeerId): void => {
      const gone = unmet.inTheWayOf(source)
      if (gone !== undefined) unmet.remove(gone)
      unmet.add(idAt(at++), source)
    }
    add(B)
    for (let count = 0; count < SHARE + 10; count++) add(A)
    assert.equal(unmet.size, SHARE + 1)
    assert.ok(unmet.has(idAt(0)) && !unmet.has(idAt(1)) && unmet.has(idAt(11)))
    for (let source = 0; source < 100; source++) for (let count = 0; count < 100; count++) add(idAt(1_000_000 + source))
    assert.equal(unmet.size, MAX_UNMET)
    assert.ok(unmet.has(idAt(0)))
    unmet.drop(idAt(0))
    assert.ok(unmet.wasDropped(idAt(0)) && !unmet.has(idAt(0)))
    wait(DROPPED_MS + 1)
    assert.ok(!unmet.wasDropped(idAt(0)))
  })
})

test('a thousand peers that one anchor tells of are all listed within minutes', () => {
  alone((env, wait) => {
    const list: PeerList = new PeerList(env, () => CHAIN, {
      merged: (entries) => {
        for (const { id } of entries) list.met(id)
      },
      forged: () => assert.fail('nothing is forged'),
      isLinked: () => false,
      isActive: () => true,
      forgotten: () => assert.fail('nobody has to go'),
    })
    const entries = many(1000)
    for (let start = 0; start < 1000; start += MAX_ENTRIES) list.offer(entries.slice(start, start + MAX_ENTRIES), A)
    wait(1000)
    assert.ok([...list.all()].length <= BURST + 2 * PER_SECOND)
    wait(4 * 60_000)
    assert.equal([...list.all()].length, 1000)
  })
})

test('a member that makes up thousands of peers changes nothing for long, and newcomers are let in meanwhile', () => {
  const town = townOf(9)
  const [good, evil] = [settle(town), settle(town)]
  untilOne(town, '5 s', 'two peers')
  const dials = countDials(town.network, good)
  const entries = many(4000)
  const flood = (version: number): void => {
    town.act(() => {
      for (let part = 0; part < 10; part++) {
        const some = entries.slice(part * MAX_ENTRIES, (part + 1) * MAX_ENTRIES)
        evil.peer.membership.send(good.id, {
          type: 'peers',
          version: version + part,
          complete: 'delta',
          entries: some,
          lost: [],
        })
      }
    })
  }
  const lines = good.log.length
  flood(1000)
  town.run('1 s')
  const members = (): number => [...good.peer.membership.members()].length
  assert.ok(members() <= 1 + BURST + 2 * PER_SECOND, `${members()} members`)
  const newcomer = settle(town)
  town.until(() => good.peer.membership.isLinked(newcomer.id), '5 s', 'the newcomer is linked')
  for (let minute = 0; minute < 4; minute++) {
    flood(2000 + 100 * minute)
    for (let part = 0; part < 6; part++) {
      town.run('10 s')
      assert.ok(members() <= 400, `${members()} members`)
      assert.ok(viewsOf(good).length <= 2 + 8, `${viewsOf(good).length} rows`)
    }
  }
  assert.ok(good.peer.membership.isLinked(evil.id) && good.peer.membership.isLinked(newcomer.id))
  assert.ok(dials() <= 64 + 8 * 245 + 300, `${dials()} dials`)
  assert.ok(
    good.log.length - lines < 40,
    good.log
      .slice(lines, lines + 30)
      .map(({ text }) => text)
      .join('\n'),
  )
  const known = (house: House): number => [...house.peer.membership.members()].length
  assert.ok(known(newcomer) <= 400, `${known(newcomer)} members at a bystander`)
  const last = settle(town)
  const all = [good, evil, newcomer, last]
  const linked = (): boolean => [good, newcomer].every((house) => house.peer.membership.isLinked(last.id))
  town.until(linked, '5 s', 'another newcomer is linked with all, though most of their lists is made up')
  town.run('400 s')
  assert.deepEqual(all.map(known), [3, 3, 3, 3])
})

/** How often that peer dialed since. */
function countDials(network: ReturnType<typeof townOf>['network'], house: House): () => number {
  let count = 0
  const dial = network.dial.bind(network)
  network.dial = (face, address, options) => {
    if (face.process === house.life?.process && options.expect !== undefined) count++
    return dial(face, address, options)
  }
  return () => count
}

test.run()
