import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { DialOptions, Link } from '../../src/env.js'
import { Reachability } from '../../src/membership/reachability.js'
import { rendezvousPorts } from '../../src/membership/rendezvous.js'
import { retryDelayMs } from '../../src/membership/retry.js'
import type { PeerEntry } from '../../wire/messages/membership.js'
import type { MembershipMessage } from '../../wire/messages.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import { settle, townOf, untilOne } from './town.js'

const ANCHOR = 'a'.repeat(64) as PeerId
const PEER = 'b'.repeat(64) as PeerId

test('a data link opens beside the control link, as often as one is asked for', () => {
  const town = townOf(1)
  const [from, to] = [settle(town), settle(town)]
  untilOne(town, '3 s', 'two peers')
  const opened: (Link | null)[] = []
  town.act(() => {
    for (let count = 0; count < 2; count++) from.peer.membership.openData(to.id, (link) => void opened.push(link))
    from.peer.membership.openData(PEER, (link) => void opened.push(link))
    from.peer.membership.openData(to.id, () => assert.fail('cancelled'))()
  })
  town.until(() => opened.length === 3, '3 s', 'three answers')
  town.run('1 s')
  assert.equal(opened.filter((link) => link !== null && !link.closed && link.peer === to.id).length, 2)
  assert.ok(opened.includes(null))
  assert.ok(from.peer.membership.isLinked(to.id))
  assert.deepEqual(
    from.peer.witness.heard.map((line) => line.split(' ')[0]),
    ['joined', 'up'],
  )
})

test('a clock that stands apart from the others is shown, and from 50 s on no clock to mine by', () => {
  for (const [skewMs, state] of [
    [5000, 'good'],
    [-30_000, 'off'],
    [90_000, 'wrong'],
  ] as const) {
    const town = townOf(2)
    for (let peer = 0; peer < 3; peer++) settle(town)
    untilOne(town, '5 s', 'three peers')
    const odd = settle(town)
    town.kill(odd)
    town.clockSkew(odd, skewMs)
    town.start(odd)
    untilOne(town, '5 s', 'four peers')
    assert.ok(Math.abs(odd.peer.membership.clockOffsetMs() + skewMs) < 1000)
    assert.equal(odd.peer.membership.clockState(), state)
    assert.equal(town.nodes[0]!.peer.membership.clockState(), 'good')
    const warned = odd.log.some(
      ({ level, text }) => level === 'warn' && /clock of this machine is \d+ s (ahead|behind)/.test(text),
    )
    assert.equal(warned, state !== 'good')
  }
})

/** An anchor that can dial only some addresses, and the peer that it looks at. */
function lookedAt(dialable: readonly string[]): { role: string; extra: readonly Address[] } {
  const later: (() => void)[] = []
  const extra: Address[] = []
  let sent: MembershipMessage | null = null
  const hooks = {
    entryOf: () => undefined,
    reachableAt: (address: Address) => void extra.push(address),
    roleChanged: () => {},
    send: (_: PeerId, message: MembershipMessage) => {
      sent = message
    },
  }
  const link = {
    peer: PEER,
    remote: '192.0.2.7:55555',
    dialed: false,
    closed: false,
    close: () => {},
  } as unknown as Link
  const env = {
    after: () => () => {},
    links: {
      listen: () => {},
      dial: (address: Address, options: DialOptions) => {
        later.push(() => {
          if (dialable.includes(address)) options.opened({ ...link, close: () => {} })
          else options.failed('refused', '')
        })
        return () => {}
      },
    },
  }
  const entry = { addresses: ['10.0.0.5:4000', '127.0.0.1:4000'] } as unknown as PeerEntry
  new Reachability(env, hooks).check(link, entry)
  for (const answer of later) answer()
  const peer = new Reachability(env, hooks)
  assert.ok(sent !== null)
  const { type, reachable } = sent as MembershipMessage & { readonly reachable: readonly Address[] }
  assert.equal(type, 'observed')
  peer.observed(ANCHOR, reachable)
  return { role: peer.role(), extra }
}

test('a peer that no anchor can dial calls itself dial-out; one behind an open router learns its address there', () => {
  assert.deepEqual(lookedAt([]), { role: 'dial-out', extra: [] })
  assert.deepEqual(lookedAt(['10.0.0.5:4000']), { role: 'peer', extra: ['10.0.0.5:4000'] })
  assert.deepEqual(lookedAt(['192.0.2.7:4000']), { role: 'peer', extra: ['192.0.2.7:4000'] })
})

test('what was found out over a link that was replaced meanwhile is not told any more', () => {
  const dials: DialOptions[] = []
  const sent: MembershipMessage[] = []
  const hooks = {
    entryOf: () => undefined,
    reachableAt: () => {},
    roleChanged: () => {},
    send: (_: PeerId, message: MembershipMessage) => void sent.push(message),
  }
  const env = {
    after: () => () => {},
    links: {
      listen: () => {},
      dial: (_: Address, options: DialOptions) => {
        dials.push(options)
        return () => {}
      },
    },
  }
  const [first, second] = ['10.0.0.5:50001', '10.0.0.5:50002'].map(
    (remote) => ({ peer: PEER, remote, dialed: false, closed: false, close: () => {} }) as unknown as Link,
  )
  assert.ok(first && second)
  const entry = { addresses: ['10.0.0.5:4000'] } as unknown as PeerEntry
  const anchor = new Reachability(env, hooks)
  anchor.check(first, entry)
  anchor.check(second, entry)
  dials[1]?.opened(second)
  dials[0]?.failed('timeout', '')
  assert.deepEqual(sent, [{ type: 'observed', address: '10.0.0.5:50002', reachable: ['10.0.0.5:4000'] }])
})

test('rendezvous ports follow from the tag alone', () => {
  const ports = rendezvousPorts(`${'0'.repeat(60)}1f41` as Hash)
  assert.deepEqual(ports, [24_001, 24_002, 24_003, 24_004, 24_005, 24_006, 24_007, 24_008])
})

test('retries wait longer and longer, never at once and never for more than half a minute', () => {
  for (let tries = 1; tries < 60; tries++) {
    for (const random of [0, 0.5, 0.999]) {
      const delay = retryDelayMs(tries, random)
      assert.ok(delay >= 100 && delay <= 30_000)
      assert.ok(retryDelayMs(tries + 1, random) >= delay)
    }
  }
})

test.run()
