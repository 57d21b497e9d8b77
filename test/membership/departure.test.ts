import assert from 'node:assert/strict'
import { test } from 'uvu'
import { type House, settle, type Town, townOf, untilOne, viewsOf } from './town.js'

function threeOf(seed: number): { town: Town; anchor: House; others: readonly [House, House] } {
  const town = townOf(seed)
  const houses = [settle(town), settle(town), settle(town)]
  untilOne(town, '5 s', 'three peers')
  town.run('1 s')
  const anchor = houses.find((house) => house.peer.membership.role() === 'anchor')!
  const others = houses.filter((house) => house !== anchor) as [House, House]
  return { town, anchor, others }
}

test('a goodbye is acknowledged, and everybody hears that the peer left', () => {
  const { town, anchor, others } = threeOf(1)
  const started = town.now
  let answered = -1
  town.act(() => anchor.peer.membership.quit(() => (answered = town.now)))
  town.until(() => answered >= 0, '2 s', 'the acknowledgement')
  assert.ok(answered - started < 500, 'on the acknowledgement, not on the second that it may take')
  town.exit(anchor)
  untilOne(town, '5 s', 'the other two, one of them anchor now')
  for (const { peer, log } of others) {
    assert.ok(peer.witness.heard.includes(`left ${anchor.id.slice(0, 4)}`))
    assert.ok(log.some(({ text }) => text === `Peer disconnected: ${anchor.name} (left)`))
  }
})

test('nobody waits longer than a second for an acknowledgement', () => {
  const { town, anchor, others } = threeOf(2)
  for (const house of others) town.freeze(house)
  const started = town.now
  let answered = -1
  town.act(() => anchor.peer.membership.quit(() => (answered = town.now)))
  town.until(() => answered >= 0, '2 s', 'the end of patience')
  assert.ok(answered - started >= 1000)
})

test('alone, goodbye is said at once', () => {
  const town = townOf(3)
  const house = settle(town)
  town.run('1 s')
  let gone = false
  town.act(() => house.peer.membership.quit(() => (gone = true)))
  town.until(() => gone, '100 ms', 'the end')
})

test('a killed peer is suspect at once and lost after two seconds', () => {
  const { town, anchor, others } = threeOf(4)
  const [witness, victim] = others
  town.kill(victim)
  town.until(() => viewsOf(witness).some(({ state }) => state === 'suspect'), '200 ms', 'suspicion')
  const at = town.now
  assert.ok(witness.peer.membership.member(victim.id) !== undefined)
  town.until(() => witness.peer.membership.member(victim.id) === undefined, '3 s', 'its loss')
  assert.ok(town.now - at > 1700)
  assert.ok(witness.peer.witness.heard.includes(`lost ${victim.id.slice(0, 4)}`))
  assert.equal(viewsOf(witness).find(({ id }) => id === victim.id)?.state, 'down')
  town.start(victim)
  untilOne(town, '5 s', 'all three again')
  assert.ok(anchor.alive)
})

test('a frozen peer is noticed within seconds and comes back when it thaws', () => {
  const { town, others } = threeOf(5)
  const [witness, victim] = others
  town.freeze(victim)
  town.until(() => viewsOf(witness).some(({ state }) => state === 'suspect'), '3 s', 'suspicion')
  town.until(() => witness.peer.membership.member(victim.id) === undefined, '6 s', 'its loss')
  town.run('20 s')
  town.thaw(victim)
  untilOne(town, '10 s', 'all three again')
})

test('who lost its link and is found dead by the ring is lost at once', () => {
  const { town, others } = threeOf(8)
  const [witness, victim] = others
  town.kill(victim)
  town.until(() => viewsOf(witness).some(({ state }) => state === 'suspect'), '200 ms', 'suspicion')
  town.act(() => witness.peer.membership.foundDead(victim.id))
  assert.equal(witness.peer.membership.member(victim.id), undefined)
  assert.ok(witness.peer.witness.heard.includes(`lost ${victim.id.slice(0, 4)}`))
})

test('a frozen peer that the ring found dead is suspect at once, lost after two seconds, and comes back', () => {
  const { town, others } = threeOf(9)
  const [witness, victim] = others
  const stateOfVictim = () => viewsOf(witness).find(({ id }) => id === victim.id)?.state
  town.freeze(victim)
  town.run('500 ms')
  assert.equal(stateOfVictim(), 'up', 'nobody noticed yet')
  town.act(() => witness.peer.membership.foundDead(victim.id))
  assert.equal(stateOfVictim(), 'suspect')
  const at = town.now
  town.until(() => witness.peer.membership.member(victim.id) === undefined, '3 s', 'its loss')
  assert.ok(town.now - at > 1700)
  town.run('5 s')
  town.thaw(victim)
  untilOne(town, '10 s', 'all three again')
})

test('a wrong verdict of the ring costs no link: it ends when the ring hears of the peer, or its link goes on answering', () => {
  for (const heard of [true, false]) {
    const { town, others } = threeOf(10)
    const [witness, victim] = others
    const stateOfVictim = () => viewsOf(witness).find(({ id }) => id === victim.id)?.state
    town.act(() => witness.peer.membership.foundDead(victim.id))
    assert.equal(stateOfVictim(), 'suspect')
    town.run('300 ms')
    if (heard) town.act(() => witness.peer.membership.foundAlive(victim.id))
    else town.until(() => stateOfVictim() === 'up', '3 s', 'the acquittal by its link')
    assert.equal(stateOfVictim(), 'up')
    town.run('5 s')
    assert.ok(!witness.peer.witness.heard.some((line) => line.startsWith('lost') || line.startsWith('down')))
  }
})

test('a peer that slept does not take the others for dead', () => {
  const { town, others } = threeOf(6)
  const [sleeper] = others
  town.freeze(sleeper)
  town.run('2.5 s')
  town.thaw(sleeper)
  town.run('5 s')
  assert.ok(!sleeper.peer.witness.heard.some((line) => /^(down|lost)/.test(line)))
})

test('the death or freeze of the anchor disturbs no other link, and another takes its port', () => {
  for (const deed of ['kill', 'freeze'] as const) {
    const { town, anchor, others } = threeOf(7)
    const before = others.map(({ peer }) => peer.witness.heard.length)
    town[deed](anchor)
    const successor = (): House | undefined => others.find(({ peer }) => peer.membership.role() === 'anchor')
    town.until(() => successor() !== undefined, deed === 'kill' ? '1 s' : '5 s', 'a successor')
    untilOne(town, '5 s', 'the other two')
    for (const [place, house] of others.entries()) {
      const other = others[1 - place]!.id.slice(0, 4)
      const heard = house.peer.witness.heard.slice(before[place])
      assert.ok(!heard.some((line) => line.endsWith(other)), 'nothing was said about the living one')
    }
    if (deed === 'kill') town.start(anchor)
    else town.thaw(anchor)
    untilOne(town, '15 s', 'all three with one anchor')
  }
})

test('leave cuts a peer off until one of both asks again', () => {
  const { town, others } = threeOf(8)
  const [host, guest] = others
  let answer = ''
  const found = (result: { ok: boolean; message?: string }): void => {
    answer = result.ok ? 'ok' : (result.message ?? '')
  }
  town.act(() => host.peer.membership.leave('nobody', found))
  town.until(() => answer !== '', '1 s', 'an answer')
  assert.match(answer, /no peer is called nobody/)
  town.act(() => host.peer.membership.leave(guest.name, found))
  town.until(() => answer === 'ok', '1 s', 'an answer')
  town.run('30 s')
  assert.ok(!host.peer.membership.isLinked(guest.id))
  assert.equal(guest.peer.membership.member(host.id), undefined)
  assert.ok(guest.peer.witness.heard.includes(`left ${host.id.slice(0, 4)}`))
  const address = host.peer.membership.address()
  town.act(() => guest.peer.membership.join(address, found))
  untilOne(town, '5 s', 'all three again')
})

test('a peer that broke a rule is cut off and not let in again for a while', () => {
  const { town, others } = threeOf(9)
  const [judge, culprit] = others
  town.act(() => judge.peer.membership.blame(culprit.id, 'protocol', 'test'))
  town.run('10 s')
  assert.ok(!judge.peer.membership.isLinked(culprit.id))
  untilOne(town, '60 s', 'all three again')
})

test.run()
