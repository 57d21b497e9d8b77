/** The ring as the pane, the detail of a line and the picture tell it. */
import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import type { LookupProgress, Snapshot, WatchedNeighbour } from '../../src/api.js'
import { ringKey } from '../../ui/charts/ring.js'
import { clockwise, partOfCircle } from '../../ui/text/circle.js'
import { plainText } from '../../ui/text/line.js'
import { overlayLines } from '../../ui/views/overlay.js'
import { lookupWords, ringContent } from '../../ui/views/ring.js'
import type { PeerId } from '../../wire/types.js'
import { anySnapshot } from './arbitraries.js'
import { modelOf, NOW, UTF8 } from './models.js'
import { hash, network, peerView } from './network.js'
import { screenOf, withoutStyles } from './screen.js'

/** At that many 256ths of the circle. */
const at = (place: number): PeerId => place.toString(16).padStart(2, '0').padEnd(64, '0') as PeerId

const neighbour = (name: string, place: number, change: Partial<WatchedNeighbour> = {}): WatchedNeighbour => ({
  id: at(place),
  name,
  state: 'alive',
  rttMs: place,
  ...change,
})

const SELF = at(16)
const [ANN, BOB, CID, DOT] = [neighbour('ann', 32), neighbour('bob', 80), neighbour('cid', 144), neighbour('dot', 240)]

/** A ring of five; the links of its peers have a round trip that no datagram has. */
function ringOf(change: Partial<Snapshot['ring']> = {}, lookup: LookupProgress | null = null): Snapshot {
  const base = network(NOW / 1000)
  return {
    ...base,
    status: { ...base.status, id: SELF, name: 'me' },
    peers: [ANN, BOB, CID, DOT].map(({ id, name }) => peerView(name, { id, rttMs: 777 })),
    ring: {
      id: SELF,
      successors: [ANN, BOB, CID, DOT],
      predecessors: [DOT, CID, BOB, ANN],
      fingers: [CID],
      keys: 12,
      ...change,
    },
    lookup,
  }
}

const KEY = at(112) as string as LookupProgress['key']
const step = (hops: readonly PeerId[], owner: PeerId | null = null, state: LookupProgress['state'] = 'running') => ({
  name: 'music.txt',
  key: KEY,
  path: [SELF, ...hops],
  owner,
  state,
})
/** As the ring tells it, from the first question to the answer. */
const STEPS: readonly LookupProgress[] = [
  step([]),
  step([ANN.id]),
  step([ANN.id, BOB.id]),
  step([ANN.id, BOB.id], CID.id, 'done'),
]

const rowsOf = (snapshot: Snapshot, width: number): string[] =>
  ringContent(modelOf(snapshot), width).rows.flatMap(({ lines }) =>
    lines.map((line) => plainText(line, UTF8).trimEnd()),
  )

function pageOf(snapshot: Snapshot, key: string, width = 80): string {
  const lines = overlayLines({ kind: 'detail', pane: 'ring', key, scroll: 0 }, modelOf(snapshot), width, 40)
  return lines.map((line) => withoutStyles(line).trimEnd()).join('\n')
}

const screen = (snapshot: Snapshot, columns: number, rows: number): string =>
  screenOf(modelOf(snapshot, { size: { columns, rows } })).join('\n')

/** The words of the ring's list on a screen, as one line. */
function listOf(text: string): string {
  const lines = text.split('\n')
  const first = lines.find((line) => line.includes('→ ann')) ?? ''
  const from = first.indexOf('→ ann')
  const to = first.indexOf('│', from)
  return lines.map((line) => line.slice(from, to).trim()).join(' ')
}

test('at 80x24 both neighbours of each side have a state, a round trip and a way', () => {
  const late = neighbour('dot', 240, { state: 'suspect', rttMs: 1500 })
  const snapshot = ringOf({ predecessors: [late, CID, BOB, ANN], successors: [ANN, { ...BOB, rttMs: null }, CID, DOT] })
  assert.deepStrictEqual(rowsOf(snapshot, 36), [
    '← cid         alive   144 ms -50.0 %',
    '← dot         suspect 1.5  s -12.5 %',
    '◆ me          12 keys',
    '→ ann         alive    32 ms +6.25 %',
    '→ bob         alive     -    +25.0 %',
    '→ cid         alive   144 ms +50.0 %',
    '→ dot         alive   240 ms +87.5 %',
  ])
  const lines = screen(snapshot, 80, 24)
  for (const part of [/← cid +alive/, /← dot +suspect/, /◆ me +12 keys/, /→ ann +alive +32 ms/, /→ bob +alive/])
    assert.match(lines, part)
})

test('wider panes add the id, then the fingers and the names of the columns', () => {
  assert.match(rowsOf(ringOf(), 48)[3] ?? '', /^→ ann +2000…00 alive +32 ms \+6\.25 %$/)
  assert.match(rowsOf(ringOf(), 60)[5] ?? '', /^→ cid +9000…00 alive +144 ms \+50\.0 % finger$/)
  const { head = [] } = ringContent(modelOf(ringOf()), 60)
  assert.match(plainText(head, UTF8), /^ {2}name +id +state +rtt +away$/)
})

test('parts of the circle are six cells wide, however small', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.integer({ min: 0, max: 2 ** 48 }),
        fc.integer({ min: 0, max: 48 }).map((n) => 2 ** n),
      ),
      (part) => assert.strictEqual(partOfCircle(part / 2 ** 48).length, 6),
    ),
  )
  assert.deepStrictEqual([0, 1 / 8, 0.007, 2 ** -14, 1].map(partOfCircle), [
    '0.00 %',
    '12.5 %',
    '0.70 %',
    ' 2^-14',
    '99.9 %',
  ])
  assert.strictEqual(clockwise(at(240), at(16)), 1 / 8)
  assert.strictEqual(clockwise(at(16), at(240)), 7 / 8)
})

test('the detail of a neighbour has its own state and round trip, whichever side it is on', () => {
  const gone = { ...DOT, state: 'suspect' as const }
  const onlyBefore = ringOf({ successors: [ANN, BOB], predecessors: [gone, CID] }, STEPS[3] ?? null)
  const dot = pageOf(onlyBefore, `p:${DOT.id}`)
  assert.match(dot, /place +predecessor 1 of 2/)
  assert.match(dot, /on ring +suspect: it does not answer us/)
  assert.match(dot, /round trip +240\.0 ms/)
  assert.match(dot, /distance +87\.5 % of the circle after us, 12\.5 % of the circle\s+before us/)
  const ann = pageOf(onlyBefore, `n:${ANN.id}`)
  assert.match(ann, /on ring +alive/)
  assert.match(ann, /round trip +32\.0 ms/)
  assert.match(ann, /keys +those after us: 6\.25 % of the circle/)
  assert.match(ann, /lookup +hop 1 on the way to music\.txt/)
})

test('our own detail lists everybody around us with state and way, and the keys', () => {
  const page = pageOf(ringOf({ predecessors: [{ ...DOT, state: 'suspect' }, CID] }), `s:${SELF}`)
  assert.match(page, /keys +12 names, those after dot: 12\.5 % of the circle/)
  assert.match(page, /after us +ann +alive +32 ms \+6\.25 % 2000…00/)
  assert.match(page, /before us +dot +suspect 240 ms -12\.5 % f000…00\n +cid +alive/)
  assert.match(page, /fingers +cid +\+50\.0 % 9000…00/)
  assert.match(pageOf(ringOf(), `s:${SELF}`, 130), new RegExp(`after us +ann .*${ANN.id}`))
})

test('a lookup is drawn hop by hop as it runs: in the pane, in the picture, in the detail', () => {
  const words = ['me → …', 'me → ann → …', 'me → ann → bob → …', 'me → ann → bob → cid owns it, 3 hops']
  const pictures = new Set<string>()
  for (const [index, lookup] of STEPS.entries()) {
    const snapshot = ringOf({}, lookup)
    for (const [columns, rows] of [
      [80, 24],
      [120, 40],
      [200, 60],
    ] as const) {
      const told = listOf(screen(snapshot, columns, rows))
      assert.ok(told.includes(`lookup music.txt: ${words[index]}`), `${columns}x${rows}, step ${index}:\n${told}`)
    }
    pictures.add(ringKey(snapshot))
    const drawn = screen(snapshot, 200, 60)
    assert.strictEqual(/music\.txt ?×|×.?music\.txt/.test(drawn), true, drawn)
    for (const [hop, name] of ['ann', 'bob', 'cid'].entries())
      assert.strictEqual(
        new RegExp(`${hop + 1}.?${name}|${name}.?${hop + 1}`).test(drawn),
        hop < index,
        `hop ${hop + 1}:\n${drawn}`,
      )
    const page = pageOf(snapshot, `s:${SELF}`)
    assert.match(page, index === 3 ? /lookup +music\.txt found/ : /lookup +music\.txt asking on …/)
    assert.match(page, /hop 0 +→ me +37\.5 % of the circle before the key/)
    assert.strictEqual(/hop 2 +→ bob +12\.5 % of the circle before the key/.test(page), index >= 2)
    assert.strictEqual(/hop 3 +✓ cid +owns the key/.test(page), index === 3)
  }
  assert.strictEqual(pictures.size, STEPS.length)
})

test('where the way comes back to us, only its end owns the key', () => {
  const page = pageOf(ringOf({}, step([DOT.id], null)), `s:${SELF}`)
  assert.match(page, /hop 1 +→ dot/)
  const back = pageOf(ringOf({}, step([DOT.id], SELF, 'done')), `s:${SELF}`)
  assert.match(back, /hop 0 +→ me[\s\S]*hop 1 +→ dot[\s\S]*hop 2 +✓ me +owns the key/)
})

test('the picture marks a suspect on either side, and is drawn anew for it', () => {
  const sick = ringOf({ predecessors: [{ ...DOT, state: 'suspect' }, CID, BOB, ANN], successors: [ANN, BOB, CID] })
  const calm = ringOf({ successors: [ANN, BOB, CID] })
  assert.notStrictEqual(ringKey(sick), ringKey(calm))
  assert.match(screen(sick, 200, 60), /◐.{0,2}dot|dot.{0,2}◐/)
  assert.doesNotMatch(screen(calm, 200, 60), /◐.{0,2}dot|dot.{0,2}◐/)
})

test('a long way is told in two lines by its end, and never without who owns the name', () => {
  const path = Array.from({ length: 12 }, (_, hop) => hash(`hop ${hop}`) as string as PeerId)
  const lookup: LookupProgress = { ...step(path.slice(0, 11), path[11] ?? null, 'done'), name: 'n'.repeat(200) }
  const words = lookupWords(lookup, ringOf(), 36, UTF8)
  assert.match(words, /^lookup n+…: me → … → .*[0-9a-f]{8} owns it, 12 hops$/)
  assert.ok(words.length <= 72, words)
  fc.assert(
    fc.property(anySnapshot, fc.integer({ min: 36, max: 120 }), (snapshot, width) => {
      if (snapshot.lookup?.state !== 'done') return
      assert.match(lookupWords(snapshot.lookup, snapshot, width, UTF8), / owns it, \d+ hops?$/)
    }),
  )
})

test.run()
