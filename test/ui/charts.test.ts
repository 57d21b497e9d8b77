import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { loadCharts } from '../../ui/charts/charts.js'
import { lookOf } from '../../ui/look.js'
import type { RateSample } from '../../ui/rates.js'
import { type Line, lineWidth, plainText } from '../../ui/text/line.js'
import { wantsCharts } from '../../ui/views/screen.js'
import { anyName } from './arbitraries.js'
import { modelOf, NOW, UTF8 } from './models.js'
import { blockView, lookupOf, network, peerView, tallyView } from './network.js'

const charts = loadCharts()
const PLAIN = lookOf({ LANG: 'C.UTF-8', NO_COLOR: '1' })
const ASCII = lookOf({ LANG: 'C' })
const TIME = NOW / 1000
const samples: readonly RateSample[] = Array.from({ length: 120 }, (_, second) => ({
  down: 3e6 + second * 1e4,
  up: 1e6,
  hashRate: 5e6 + second * 1e4,
}))
const tally = (choices: Readonly<Record<string, number>>) => tallyView('main', choices)
const textOf = (lines: readonly Line[], look = UTF8) => lines.map((line) => plainText(line, look)).join('\n')
const count = (text: string, glyph: string) => text.split(glyph).length - 1

test('every chart of any data at any size stays within it, in any look', () => {
  const anyTally = fc.dictionary(anyName, fc.nat({ max: 50 }), { maxKeys: 6 }).map(tally)
  const anySize = fc.record({ width: fc.integer({ min: 0, max: 90 }), height: fc.integer({ min: 0, max: 40 }) })
  const anyBits = fc.array(fc.nat(), { maxLength: 32 })
  fc.assert(
    fc.property(
      anyTally,
      anyName,
      anyBits,
      anySize,
      fc.constantFrom(UTF8, PLAIN, ASCII),
      (votes, name, bits, { width, height }, look) => {
        const snapshot = { ...network(TIME, { lookup: lookupOf('done') }), peers: [peerView(name)] }
        const blocks = bits.map((one, index) => ({ ...blockView(index, TIME, []), bits: one }))
        const drawn = [
          charts.rates(samples, width, height, look),
          charts.hashRate(samples, width, height, look),
          charts.difficulty(blocks, width, height, look),
          charts.tally(votes, width, height, look),
          charts.ring(snapshot, width, height, look),
        ]
        for (const lines of drawn) {
          assert(lines.length <= height, `${lines.length} lines in ${height}`)
          for (const line of lines) assert(lineWidth(line, look) <= width, plainText(line, look))
          if (!look.unicode) assert.match(textOf(lines, look), /^[\n -~]*$/)
        }
      },
    ),
  )
})

test('down and up can be told apart without colour: each line carries its mark', () => {
  const coloured = textOf(charts.rates(samples, 60, 12, UTF8))
  assert.deepStrictEqual([count(coloured, '↓'), count(coloured, '↑')], [1, 1])
  const plain = textOf(charts.rates(samples, 60, 12, PLAIN), PLAIN)
  assert(count(plain, '↓') >= 3 && count(plain, '↑') >= 3, plain)
  const ascii = textOf(charts.rates(samples, 60, 12, ASCII), ASCII)
  assert(count(ascii, 'v') >= 1 && count(ascii, '^') >= 1, ascii)
})

test('difficulty is drawn over the last blocks, in powers of two', () => {
  const blocks = Array.from({ length: 20 }, (_, index) => ({
    ...blockView(1220 - index, TIME, []),
    bits: index < 10 ? 0x1d00ffff : 0x1e00ffff,
  }))
  const text = textOf(charts.difficulty(blocks, 50, 12, UTF8))
  assert.match(text, /#1201 +#1206 +#1211 +#1216/)
  assert.match(text, /^ ?2\d/m)
  assert.notStrictEqual(text, textOf(charts.difficulty(blocks.slice(0, 10), 50, 12, UTF8)))
})

test('a tally is upright bars in proportion, with votes and names; long names have no room for that', () => {
  const text = textOf(charts.tally(tally({ yes: 6, no: 3 }), 60, 12, UTF8))
  const column = (at: number) => text.split('\n').filter((line) => line[at] === '█').length
  assert.match(text, /6█+.*3█+[\s\S]*yes +no/)
  assert(column(1) >= 2 * column(16) - 1 && column(16) > 0, text)
  assert.deepStrictEqual(charts.tally(tally({ ['x'.repeat(40)]: 1, no: 1 }), 60, 12, UTF8), [])
  assert.deepStrictEqual(charts.tally(tally({ 日本語: 1 }), 60, 12, UTF8), [])
  assert.match(textOf(charts.tally(tally({ yes: 6, no: 3 }), 60, 12, ASCII), ASCII), /#6#+/)
})

test('the ring names its peers where there is room, and numbers the hops of a lookup', () => {
  const ring = (width: number, height: number, state?: 'running' | 'done' | 'failed', look = UTF8) =>
    textOf(
      charts.ring(network(TIME, { lookup: state === undefined ? null : lookupOf(state) }), width, height, look),
      look,
    )
  const big = ring(90, 30)
  for (const name of ['otter-lime', 'finch-teal', 'wren-amber']) assert(big.includes(name), big)
  assert.doesNotMatch(ring(24, 12), /otter/)
  assert.doesNotMatch(big, /[12]/)
  assert.match(ring(90, 30, 'done'), /finch-teal.?1[\s\S]*2.{0,2}wren-amber/)
  assert.match(ring(90, 30, 'running'), /finch-teal.?1/)
  assert.doesNotMatch(ring(90, 30, 'running'), /2.{0,2}wren/)
  assert.match(ring(90, 30, 'failed'), /finch-teal.?✗/)
  assert.match(ring(90, 30, 'done', ASCII), /^[\n -~]*$/)
})

test('the way of a lookup is a line of its own, full where fingers are dotted', () => {
  const dots = (text: string) => [...text].reduce((sum, one) => sum + (one >= '\u2801' && one <= '\u28ff' ? 1 : 0), 0)
  const base = network(TIME, { ring: { ...network(TIME).ring, fingers: [] } })
  const without = dots(textOf(charts.ring(base, 60, 30, UTF8)))
  const way = dots(textOf(charts.ring({ ...base, lookup: lookupOf('done') }, 60, 30, UTF8)))
  assert(way > without + 15, `${way} of ${without}`)
})

test('what did not change is not drawn again', () => {
  const fresh = loadCharts()
  const snapshot = network(TIME)
  assert.strictEqual(fresh.rates(samples, 60, 12, UTF8), fresh.rates(samples, 60, 12, UTF8))
  assert.notStrictEqual(fresh.rates(samples, 60, 12, UTF8), fresh.rates([...samples], 60, 12, UTF8))
  const ring = fresh.ring(snapshot, 60, 20, UTF8)
  // a later picture of the same ring, in which only measured figures moved
  const later = { ...structuredClone(snapshot), peers: snapshot.peers.map((peer) => ({ ...peer, rttMs: 99, down: 5 })) }
  assert.strictEqual(fresh.ring(later, 60, 20, UTF8), ring)
  assert.notStrictEqual(fresh.ring(later, 60, 20, ASCII), ring)
  assert.notStrictEqual(fresh.ring({ ...later, lookup: lookupOf('running') }, 60, 20, UTF8), ring)
  const votes = tally({ yes: 1, no: 1 })
  assert.strictEqual(fresh.tally(votes, 60, 12, UTF8), fresh.tally(structuredClone(votes), 60, 12, UTF8))
  assert.strictEqual(
    fresh.difficulty(snapshot.chain.blocks, 60, 12, UTF8),
    fresh.difficulty([...snapshot.chain.blocks], 60, 12, UTF8),
  )
})

test('blessed-contrib is wanted only where something of it would be seen', () => {
  const wants = (columns: number, rows: number, zoom = false) => {
    const model = modelOf(undefined, { size: { columns, rows } })
    return wantsCharts({ ...model, ui: { ...model.ui, zoom, focus: 'ring' } })
  }
  assert.strictEqual(wants(80, 24), false)
  assert.strictEqual(wants(60, 12), false)
  assert.strictEqual(wants(80, 24, true), true)
  assert.strictEqual(wants(120, 40), true)
  assert.strictEqual(wants(200, 24), true)
})

test.run()
