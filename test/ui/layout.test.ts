import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { cellOf, framesPerSecond, type Layout, layoutOf, shows, type Wish } from '../../ui/layout.js'
import { type Needs, NO_NEEDS, needsOf } from '../../ui/needs.js'
import { PANES, type Size } from '../../ui/state.js'
import { emptyNetwork, network, peerView } from './network.js'

const TIME = 1_700_000_000
const wish: Wish = { focus: 'peers', zoom: false, overlay: false, messageLines: 1, needs: needsOf(network(TIME)) }
const anyWide = fc.record({ columns: fc.integer({ min: 40, max: 400 }), rows: fc.integer({ min: 10, max: 150 }) })
const anyNeed = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }))
const anyNeeds: fc.Arbitrary<Needs> = fc.record({
  peers: anyNeed,
  chain: anyNeed,
  ring: anyNeed,
  files: anyNeed,
  rates: anyNeed,
  mining: anyNeed,
  tally: anyNeed,
  log: anyNeed,
})

const columnsOf = (layout: Layout) => (layout.kind === 'panes' ? layout.columns : [])
const areasOf = (size: Size, change: Partial<Wish> = {}) =>
  columnsOf(layoutOf(size, { ...wish, ...change })).map(({ cells }) => cells.map(({ area }) => area))
const heightOf = (area: Parameters<typeof cellOf>[1], size: Size, change: Partial<Wish> = {}): number =>
  cellOf(layoutOf(size, { ...wish, ...change }), area)?.height ?? 0

test('columns and cells fill the body exactly', () => {
  fc.assert(
    fc.property(
      anyWide,
      anyNeeds,
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 0, max: 9 }),
      (size, needs, zoom, overlay, messageLines) => {
        const layout = layoutOf(size, { ...wish, zoom, overlay, messageLines, needs })
        assert(layout.kind === 'panes')
        const body = size.rows - layout.header - layout.tabs - layout.message - layout.hints - layout.prompt
        assert.strictEqual(
          layout.columns.reduce((sum, { width }) => sum + width, 0),
          size.columns,
        )
        for (const { cells } of layout.columns) {
          assert.strictEqual(
            cells.reduce((sum, { height }) => sum + height, 0),
            body,
          )
          for (const { height } of cells) assert(height >= 3, JSON.stringify({ size, cells }))
        }
      },
    ),
    { numRuns: 1000 },
  )
})

test('what is shown follows from the size alone, and from 80x24 on all panes are', () => {
  fc.assert(
    fc.property(anyWide, anyNeeds, anyNeeds, fc.integer({ min: 0, max: 9 }), (size, some, others, messageLines) => {
      const areas = areasOf(size, { needs: some })
      assert.deepStrictEqual(areasOf(size, { needs: others, messageLines }), areas)
      const whole = size.columns >= 80 && size.rows >= 24
      assert.strictEqual(
        PANES.every((pane) => areas.flat().includes(pane)),
        whole,
      )
    }),
  )
})

test('each size has its pictures', () => {
  assert.deepStrictEqual(areasOf({ columns: 80, rows: 24 }), [
    ['peers', 'ring'],
    ['chain', 'files'],
  ])
  assert.deepStrictEqual(areasOf({ columns: 100, rows: 30 }), areasOf({ columns: 80, rows: 24 }))
  assert.deepStrictEqual(areasOf({ columns: 120, rows: 40 }), [
    ['peers', 'chain'],
    ['ring', 'files', 'rates'],
  ])
  assert.deepStrictEqual(areasOf({ columns: 80, rows: 60 }), [
    ['peers', 'chain', 'mining', 'tally'],
    ['ring', 'files', 'rates', 'log'],
  ])
  assert.deepStrictEqual(areasOf({ columns: 160, rows: 40 }), areasOf({ columns: 200, rows: 60 }))
  assert.deepStrictEqual(areasOf({ columns: 200, rows: 60 }), [
    ['peers', 'chain'],
    ['ring', 'files'],
    ['rates', 'mining', 'tally', 'log'],
  ])
  assert.deepStrictEqual(areasOf({ columns: 200, rows: 24 }).at(-1), ['rates', 'log'])
  assert.strictEqual(areasOf({ columns: 250, rows: 30 }).length, 4)
  assert.deepStrictEqual(areasOf({ columns: 79, rows: 24 }), [['peers']])
  assert.strictEqual(layoutOf({ columns: 80, rows: 9 }, wish).kind, 'small')
  assert(!shows(layoutOf({ columns: 39, rows: 24 }, wish), 'peers'))
})

test('at 80x24 the edges of the four panes are in line, whatever is in them', () => {
  fc.assert(
    fc.property(anyNeeds, (needs) => {
      const size = { columns: 80, rows: 24 }
      assert.strictEqual(heightOf('peers', size, { needs }), heightOf('chain', size, { needs }))
    }),
  )
})

test('an empty tally and an empty mining panel take what their words need', () => {
  const size = { columns: 200, rows: 60 }
  const needs = needsOf(emptyNetwork(TIME))
  assert.deepStrictEqual([heightOf('tally', size, { needs }), heightOf('mining', size, { needs })], [4, 4])
  assert(heightOf('tally', size) >= 10)
})

test('a long list gets the room that a short one beside it does not need', () => {
  const size = { columns: 120, rows: 40 }
  const many = Array.from({ length: 30 }, (_, index) => peerView(`peer-${index}`))
  const base = network(TIME)
  const crowd = needsOf({ ...base, peers: many, chain: { ...base.chain, blocks: base.chain.blocks.slice(0, 2) } })
  assert(heightOf('peers', size, { needs: crowd }) > heightOf('chain', size, { needs: crowd }) + 8)
})

test('needs follow their lists in steps, and shrink only when less than half is left', () => {
  const withPeers = (count: number, before: Needs) =>
    needsOf({ ...network(TIME), peers: Array.from({ length: count }, (_, index) => peerView(`peer-${index}`)) }, before)
  const full = withPeers(20, NO_NEEDS)
  assert(full.peers >= 22)
  for (const count of [19, 22, 14, 13, 21]) assert.strictEqual(withPeers(count, full).peers, full.peers, `${count}`)
  assert(withPeers(5, full).peers < full.peers)
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), (first, second) => {
      const before = withPeers(first, NO_NEEDS)
      const after = withPeers(second, before)
      assert(after.peers >= Math.min(second + 1, 80))
      assert.deepStrictEqual(withPeers(second, after), after)
    }),
  )
})

test('bigger screens are painted less often', () => {
  assert.deepStrictEqual(
    [
      [80, 24],
      [120, 40],
      [200, 60],
    ].map(([columns = 0, rows = 0]) => framesPerSecond({ columns, rows })),
    [8, 5, 3],
  )
})

test.run()
