import assert from 'node:assert'
import { suite } from 'uvu'
import { clock, shortId, size, table, tableWidth } from '../../src/cli/format.js'
import { bar } from '../../src/cli/progress.js'
import { widthOf } from '../../ui/text/cells.js'

const test = suite('format')

test('sizes keep three digits at most and a decimal unit', () => {
  assert.deepStrictEqual([0, 999, 1000, 4_200_000, 99_960_000, 2e9, 5e15].map(size), [
    '0 B',
    '999 B',
    '1.0 kB',
    '4.2 MB',
    '100 MB',
    '2.0 GB',
    '5000 TB',
  ])
})

test('clocks and ids are short', () => {
  assert.deepStrictEqual([0, 48, 3729].map(clock), ['0:00', '0:48', '1:02:09'])
  assert.strictEqual(shortId('3f9a0000000000e1'), '3f9a…e1')
})

test('tables align numbers to the right and leave no trailing blanks', () => {
  assert.deepStrictEqual(
    table(
      ['name', 'n'],
      [
        ['a', '5'],
        ['long', '120'],
      ],
    ),
    ['name  n', 'a       5', 'long  120'],
  )
})

test('a table that is wider than the terminal is cut at its longest column, and never wider', () => {
  const rows = [
    ['a-very-long-name-of-a-file.tar', '4.2 MB', 'here'],
    ['b', '120 MB', ''],
  ]
  const head = ['name', 'size', '']
  assert.strictEqual(tableWidth(head, rows), 44)
  assert.deepStrictEqual(table(head, rows, 44), table(head, rows))
  assert.deepStrictEqual(table(head, rows, 24), [
    'name        size', //
    'a-very-lo…  4.2 MB  here',
    'b           120 MB',
  ])
  assert.deepStrictEqual(table(head, rows, 3), table(head, rows, 18))
})

test('wide characters, marks and pictures are counted as terminals count them', () => {
  const rows = [
    ['音楽.txt', '1'],
    ['e\u0301te\u0301', '22'],
    ['😀', '3'],
    ['plain', '4'],
  ]
  const lines = table(['name', 'n'], rows)
  assert.deepStrictEqual(lines, [
    'name      n',
    '音楽.txt   1',
    'e\u0301te\u0301       22',
    '😀         3',
    'plain      4',
  ])
  const narrow = table(['name', 'n'], rows, 10)
  assert.strictEqual(narrow[1], '音楽.…   1')
  for (const line of narrow) assert.ok(widthOf(line) <= 10, line)
})

test('a bar fills in eighths and never leaves its width', () => {
  assert.strictEqual(bar(0, 4), '    ')
  assert.strictEqual(bar(1, 4), '████')
  assert.strictEqual(bar(2, 4), '████')
  assert.strictEqual(bar(0.5 + 1 / 32, 4), '██▏ ')
})

test.run()
