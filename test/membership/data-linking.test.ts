/** Data links to a source that nobody can dial: it is asked to dial instead. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Link } from '../../src/env.js'
import type { Address } from '../../wire/types.js'
import { type House, settle, type Town, townOf } from './town.js'

interface Answer {
  readonly link: Link | null
  readonly reason: string
}

/** An open machine and so many behind firewalls, all of one network, the latter known to be dial-out. */
function walledTown(seed: number, walledPeers: number): { town: Town; open: House; walled: readonly House[] } {
  const town = townOf(seed)
  const open = settle(town, 'open', [], [`${town.network.host('open').ip}:0`])
  town.until(() => open.peer.started !== null, '3 s', 'the open peer to listen')
  const door = open.peer.membership.addresses()[0] as Address
  const walled = Array.from({ length: walledPeers }, (_, place) => {
    town.network.wall(town.network.host(`walled-${place}`))
    return settle(town, `walled-${place}`, [door])
  })
  const known = (house: House): boolean =>
    house.peer.membership.role() === 'dial-out' &&
    town.nodes.every((other) => other === house || other.peer.membership.member(house.id)?.role === 'dial-out')
  town.until(() => walled.every(known), '20 s', 'all to know who can only dial out')
  return { town, open, walled }
}

function ask(town: Town, from: House, to: House, times = 1): Answer[] {
  const answers: Answer[] = []
  town.act(() => {
    for (let time = 0; time < times; time++) {
      from.peer.membership.openData(to.id, (link, reason) => void answers.push({ link, reason }))
    }
  })
  return answers
}

const openDataLinks = (town: Town): number =>
  [...town.network.links()].filter(({ closed, service }) => !closed && service === 'data').length

test('a source that cannot be dialed dials, and the link is handed to whoever asked', () => {
  const { town, open, walled } = walledTown(1, 1)
  const [source] = walled
  assert.ok(source)
  const answers = ask(town, open, source)
  town.until(() => answers.length === 1, '1 s', 'the link')
  const link = answers[0]?.link
  assert.ok(link && !link.closed && !link.dialed && link.peer === source.id, answers[0]?.reason)
  const back = ask(town, source, open)
  town.until(() => back.length === 1, '1 s', 'the link the other way')
  assert.equal(back[0]?.link?.dialed, true)
  town.run('10 s')
  assert.equal(openDataLinks(town), 4, 'two links with two ends each')
  assert.equal(town.network.violations.length, 0)
})

test('its own downloads are not taken for answers', () => {
  const { town, open, walled } = walledTown(2, 1)
  const [source] = walled
  assert.ok(source)
  const [theirs, ours] = [ask(town, source, open, 2), ask(town, open, source, 2)]
  town.until(() => theirs.length === 2 && ours.length === 2, '2 s', 'all links')
  const links = [...theirs, ...ours].map(({ link }) => link)
  assert.ok(links.every((link) => link !== null && !link.closed))
  assert.deepEqual(
    links.map((link) => link?.dialed),
    [true, true, false, false],
  )
  assert.equal(openDataLinks(town), 8)
})

test('an answer that nobody waits for any more is closed', () => {
  const { town, open, walled } = walledTown(3, 1)
  const [source] = walled
  assert.ok(source)
  town.act(() => {
    const cancel = open.peer.membership.openData(source.id, () => assert.fail('it was cancelled'))
    town.at(town.now + 15, 'cancel', cancel)
    open.peer.membership.openData(source.id, () => assert.fail('it was cancelled at once'))()
  })
  town.run('2 s')
  assert.equal(openDataLinks(town), 0)
  assert.equal(town.network.violations.length, 0)
})

test('tokens that were never given out, or to another peer, get nobody a link', () => {
  const { town, open, walled } = walledTown(7, 2)
  const [source, liar] = walled
  assert.ok(source && liar)
  const own = ask(town, liar, open)
  town.until(() => own.length === 1, '2 s', "the liar's link")
  const answers = ask(town, open, source)
  town.act(() => {
    for (let token = 0; token < 4; token++) {
      own[0]?.link?.send({ type: 'dialed', token })
      liar.peer.membership.send(open.id, { type: 'notDialed', token, reason: 'a lie' })
    }
  })
  town.until(() => answers.length === 1, '2 s', 'the link')
  assert.equal(answers[0]?.link?.peer, source.id)
  town.run('1 s')
  assert.equal(own[0]?.link?.closed, true)
  assert.equal(openDataLinks(town), 2)
  assert.ok(open.peer.membership.isLinked(liar.id))
})

test('two peers that can only dial out are told that no link between them can be', () => {
  const { town, walled } = walledTown(4, 2)
  const [first, second] = walled
  assert.ok(first && second)
  const answers = ask(town, first, second)
  town.until(() => answers.length === 1, '5 s', 'an answer')
  assert.deepEqual(answers, [
    { link: null, reason: 'neither of the two peers can be dialed, so they cannot exchange data' },
  ])
})

test('a source that does not answer, or goes, ends in a reason', () => {
  for (const [how, expected] of [
    ['freeze', /the link to it was lost|did not/],
    ['kill', /the link to it was lost/],
  ] as const) {
    const { town, open, walled } = walledTown(5, 1)
    const [source] = walled
    assert.ok(source)
    const answers = ask(town, open, source)
    town.run(0.01)
    town[how](source)
    town.until(() => answers.length === 1, '8 s', `an answer after a ${how}`)
    assert.equal(answers[0]?.link, null)
    assert.match(answers[0]?.reason ?? '', expected)
  }
})

test('a source dials for one peer only so often at once', () => {
  const { town, open, walled } = walledTown(6, 1)
  const [source] = walled
  assert.ok(source)
  const answers = ask(town, open, source, 5)
  town.until(() => answers.length === 5, '2 s', 'five answers')
  assert.equal(answers.filter(({ link }) => link !== null).length, 2)
  assert.ok(answers.every(({ link, reason }) => link !== null || reason === 'it opens too many links already'))
  const later: Answer[][] = []
  for (let round = 0; round < 20; round++) {
    later.push(ask(town, open, source))
    town.run('1 s')
  }
  assert.ok(later.every((answer) => answer.length === 1))
  const links = openDataLinks(town) / 2
  assert.ok(links > 2 && links < 16, `${links} links of one pair`)
})

test.run()
