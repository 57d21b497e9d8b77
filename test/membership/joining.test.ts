import assert from 'node:assert/strict'
import { test } from 'uvu'
import { whyNotJoined } from '../../src/membership/joining.js'
import type { Address } from '../../wire/types.js'
import { type House, settle, type Town, townOf, untilOne } from './town.js'

function joined(town: Town, house: House, address: string): string {
  let answer = ''
  town.act(() =>
    house.peer.membership.join(address as Address, (result) => {
      answer = result.ok ? `joined ${result.value.name} ${result.value.state}` : `${result.kind}: ${result.message}`
    }),
  )
  town.until(() => answer !== '', '8 s', `an answer to join ${address}`)
  return answer
}

test('why a join failed is told apart', () => {
  const town = townOf(1)
  const house = settle(town, 'a')
  const far = settle(town, 'b', [], ['10.0.0.2:0'])
  town.run('1 s')
  assert.match(joined(town, house, '10.0.0.2:9'), /^refused: cannot join 10\.0\.0\.2:9: refused, nothing listens there/)
  assert.match(joined(town, house, '10.0.0.77:4000'), /^timeout: .*timed out; a firewall/)
  assert.match(
    joined(town, house, 'nowhere.example:1'),
    /^refused: .*unknown host nowhere\.example; check the spelling/,
  )
  assert.match(joined(town, house, house.peer.membership.address()), /^refused: .*this peer itself/)
  assert.equal(joined(town, house, far.peer.membership.address()), 'joined peer-1 up')
  assert.equal(joined(town, house, far.peer.membership.address()), 'joined peer-1 up')
  const failure = whyNotJoined('10.0.0.1:1' as Address, 'wrong-network', '')
  assert.match(failure.message, /not this network's secret; ask its owner for a ticket/)
  for (const kind of ['unreachable', 'wrong-peer', 'closed', 'cancelled'] as const) {
    assert.match(whyNotJoined('10.0.0.1:1' as Address, kind, '').message, /^cannot join 10\.0\.0\.1:1: /)
  }
})

test('an address of the command line that does not answer yet is tried until it does', () => {
  const town = townOf(2)
  town.network.host('a')
  town.network.host('b')
  const early = settle(town, 'a', ['10.0.0.2:4000' as Address])
  town.run('20 s')
  assert.ok(
    early.log.some(
      ({ level, text }) => level === 'warn' && /timed out|refused/.test(text) && /still trying/.test(text),
    ),
  )
  assert.ok(early.log.some(({ text }) => text.startsWith('no anchor answered: founded network')))
  town.addPeer({ host: 'b', join: [], listen: ['10.0.0.2:4000' as Address] })
  untilOne(town, '40 s', 'the machine that came later')
})

test('whoever joins another machine can be dialed by the others who joined it', () => {
  const town = townOf(3)
  const hub = settle(town, 'hub', [], ['10.0.0.1:0'])
  town.run('1 s')
  const address = hub.peer.membership.address()
  const [left, right] = [settle(town, 'left', [address]), settle(town, 'right', [address])]
  untilOne(town, '5 s', 'three machines')
  assert.ok(left.peer.membership.isLinked(right.id))
  assert.match(left.peer.membership.address(), /^10\.0\.0\.2:\d+$/)
  assert.deepEqual(left.peer.membership.invite().ok, true)
})

test('a peer that listens on its own machine only has no invitation to give, and says how to change that', () => {
  const town = townOf(4)
  const house = settle(town)
  town.run('1 s')
  const result = house.peer.membership.invite()
  assert.ok(!result.ok && /invite --lan.*--listen/.test(result.message))
  let opened = ''
  town.act(() => house.peer.membership.listen('10.0.0.1:0', (done) => (opened = done.ok ? done.value : done.message)))
  town.until(() => opened !== '', '1 s', 'the listener')
  assert.deepEqual(house.peer.membership.invite(), { ok: true, value: [opened] })
})

test('a listener that cannot be opened fails the start with what to do', () => {
  const town = townOf(5)
  town.addPeer({ host: 'a', join: [], listen: ['10.0.0.1:4000' as Address] })
  const second = town.addPeer({ host: 'a', join: [], listen: ['10.0.0.1:4000' as Address] })
  const third = town.addPeer({ host: 'a', join: [], listen: ['10.0.0.9:4000' as Address] })
  town.run('1 s')
  assert.match(second.peer.started ?? '', /cannot listen on 10\.0\.0\.1:4000: another program uses that port/)
  assert.match(third.peer.started ?? '', /cannot listen on 10\.0\.0\.9:4000: not an address of this machine/)
})

test('a peer keeps its port over restarts, and finds its network by the peers it knew', () => {
  const town = townOf(6)
  const hub = settle(town, 'hub', [], ['10.0.0.1:0'])
  town.run('1 s')
  const guest = settle(town, 'guest', [hub.peer.membership.address()])
  untilOne(town, '5 s', 'two machines')
  const address = hub.peer.membership.address()
  town.kill(hub)
  town.kill(guest)
  Object.assign(guest, { setup: { listen: [], join: [] } })
  town.start(hub)
  town.run('1 s')
  assert.equal(hub.peer.membership.address(), address)
  town.start(guest)
  untilOne(town, '10 s', 'the same two, told nothing')
})

test.run()
