import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import type { ChunkMapView } from '../../src/api.js'
import { lookOf } from '../../ui/look.js'
import { type Line, lineWidth, paint, plainText } from '../../ui/text/line.js'
import { chunkMapLines, fieldLines } from '../../ui/views/chunk-map.js'
import { anySnapshot } from './arbitraries.js'
import { UTF8 } from './models.js'
import { chunkMap, peerId } from './network.js'

const ASCII = lookOf({ LANG: 'C', NO_COLOR: '1' })
const textOf = (lines: readonly Line[], look = UTF8) => lines.map((line) => plainText(line, look)).join('\n')
const count = (text: string, glyph: string) => text.split(glyph).length - 1

test('a cell a chunk: all that is here, coming and missing, in order', () => {
  const field = textOf(fieldLines(chunkMap(1, 512, 312), 62, 20, UTF8)).replaceAll('\n', '')
  assert.strictEqual(field, `${'▓'.repeat(312)}${'▒'.repeat(8)}${'░'.repeat(192)}`)
})

test('more chunks than cells: a cell is full only when all of it is here', () => {
  const field = (have: number) => textOf(fieldLines(chunkMap(1, 16_384, have), 60, 5, UTF8)).replaceAll('\n', '')
  assert.strictEqual(field(16_384), '▓'.repeat(300))
  assert.strictEqual(count(field(16_383), '▓'), 299)
  assert.strictEqual(count(field(16_383), '▒'), 1)
  const none = { ...chunkMap(1, 16_384, 0), coming: [] }
  assert.strictEqual(textOf(fieldLines(none, 60, 5, UTF8)).replaceAll('\n', ''), '░'.repeat(300))
  const thirds = Buffer.alloc(2048, 0b01001001).toString('base64')
  assert.match(textOf(fieldLines({ ...none, have: thirds }, 60, 5, UTF8)), /^[▂▄\n]+$/)
})

test('chunks on their way are told by source: by colour, by letters where there is none or there are many', () => {
  const map = chunkMap(1, 40, 10)
  const painted = fieldLines(map, 40, 1, UTF8).map((line) => paint(line, 40, UTF8))
  const colours = new Set([...painted.join('').matchAll(/\[([\d;]+)m▒/g)].map(([, codes]) => codes))
  assert(colours.size >= 2, painted.join(''))
  assert.match(textOf(fieldLines(map, 40, 1, ASCII), ASCII), /^#{10}abcabcab\.{22}$/)
  const many = Array.from({ length: 6 }, (_, index) => ({
    ...map.sources[0]!,
    id: peerId(`s${index}`),
    name: `s${index}`,
  }))
  const coming = many.map(({ id }, place) => ({ index: 10 + place, from: id }))
  assert.match(textOf(fieldLines({ ...map, sources: many, coming }, 40, 1, UTF8)), /^▓{10}abcdef░{24}$/)
})

test('the legend says from whom how much came and how fast, and what the signs mean', () => {
  const text = textOf(chunkMapLines(chunkMap(1, 512, 312), 'music.txt', 62, 12, UTF8))
  assert.match(text, /^music\.txt +312\/512 chunks {2}60 %/)
  assert.match(text, /▒ finch-teal +27 MB {2}1\.4 MB\/s {2}3 coming/)
  assert.match(text, /▒ lark-jade +27 MB {2}1\.4 MB\/s {2}2 coming/)
  assert.match(text, /▓ have {2}▒ coming .*░ missing/)
  const short = textOf(chunkMapLines(chunkMap(1, 512, 312), 'music.txt', 62, 6, UTF8))
  assert.match(short, /▒ finch-teal[\s\S]*2 more sources/)
})

test('any map at any size fits, and shows each chunk of a small one', () => {
  const anyMap: fc.Arbitrary<ChunkMapView> = anySnapshot.chain(({ chunkMaps: [first] }) =>
    fc.constant(first ?? chunkMap(1, 7, 3)),
  )
  fc.assert(
    fc.property(
      anyMap,
      fc.integer({ min: 0, max: 80 }),
      fc.integer({ min: 0, max: 20 }),
      fc.constantFrom(UTF8, ASCII),
      (map, width, height, look) => {
        const lines = chunkMapLines(map, 'name', width, height, look)
        assert(lines.length <= Math.max(0, height), `${lines.length} in ${height}`)
        const field = fieldLines(map, Math.max(1, width), Math.max(1, height), look)
        for (const line of field) assert(lineWidth(line, look) <= Math.max(1, width))
        const cells = field.reduce((sum, line) => sum + lineWidth(line, look), 0)
        assert.strictEqual(cells, Math.min(map.chunks, Math.max(1, width) * Math.max(1, height)))
      },
    ),
  )
})

test.run()
