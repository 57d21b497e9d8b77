import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { framesPerSecond, layoutOf, shows } from '../../ui/layout.js'
import { NO_NEEDS } from '../../ui/needs.js'
import { PANES } from '../../ui/state.js'

const wish = { focus: 'peers' as const, zoom: false, overlay: false, messageLines: 1, needs: NO_NEEDS }

test('columns and cells fill the body exactly', () => {
  fc.assert(
    fc.property(
      fc.record({ columns: fc.integer({ min: 40, max: 400 }), rows: fc.integer({ min: 10, max: 150 }) }),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 0, max: 9 }),
      (size, zoom, overlay, messageLines) => {
        const layout = layoutOf(size, { ...wish, zoom, overlay, messageLines })
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
  )
})

test('each size has its pictures', () => {
  for (const pane of PANES) assert(shows(layoutOf({ columns: 80, rows: 24 }, wish), pane))
  assert(!shows(layoutOf({ columns: 80, rows: 24 }, wish), 'rates'))
  assert(shows(layoutOf({ columns: 120, rows: 40 }, wish), 'rates'))
  assert(shows(layoutOf({ columns: 200, rows: 60 }, wish), 'tally'))
  assert(!shows(layoutOf({ columns: 79, rows: 24 }, wish), 'files'))
  assert.strictEqual(layoutOf({ columns: 80, rows: 9 }, wish).kind, 'small')
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
