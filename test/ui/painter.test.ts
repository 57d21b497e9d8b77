// The painter on an emulator: whatever pictures follow each other, the cells are those of the last one.
import assert from 'node:assert'
import xterm from '@xterm/headless'
import fc from 'fast-check'
import { test } from 'uvu'
import type { Size } from '../../ui/state.js'
import { Painter } from '../../ui/terminal/painter.js'
import { styleAfter } from '../../ui/terminal/sgr.js'

const ESC = '\u001b'
type Screen = InstanceType<typeof xterm.Terminal>

const anyText = fc
  .array(fc.constantFrom('a', 'b', ' ', '  ', '│', '█', '日', '本', 'e\u0301', '⢠', 'end'), { maxLength: 14 })
  .map((parts) => parts.join(''))
const anySpan = fc
  .tuple(fc.constantFrom('', '1', '2', '31', '7', '2;36', '97;40', '38;5;200', '4'), anyText)
  .map(([style, text]) => (style === '' ? text : `\u001b[${style}m${text}\u001b[0m`))
const anyLine = fc.array(anySpan, { maxLength: 4 }).map((spans) => spans.join(''))
// the emulator has two columns at least
const anySize = fc.record({ columns: fc.integer({ min: 2, max: 24 }), rows: fc.integer({ min: 1, max: 6 }) })
const anyPicture = fc.array(anyLine, { maxLength: 7 }).map((lines) => lines.join('\n'))

const screenOf = ({ columns, rows }: Size): Screen =>
  new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, logLevel: 'off' })

const written = (screen: Screen, bytes: string): Promise<void> =>
  new Promise((resolve) => screen.write(bytes, () => resolve()))

/** Every cell with all that can be seen of it. */
function cellsOf(screen: Screen): readonly string[] {
  const cells: string[] = []
  for (let y = 0; y < screen.rows; y++) {
    for (let x = 0; x < screen.cols; x++) {
      const cell = screen.buffer.active.getLine(screen.buffer.active.baseY + y)?.getCell(x)
      if (cell === undefined) continue
      const blank = cell.getChars().trim() === '' && cell.getWidth() === 1
      const seen = [cell.isInverse(), cell.isUnderline(), cell.getBgColorMode(), cell.getBgColor()]
      const inked = [cell.getChars(), cell.isBold(), cell.isDim(), cell.getFgColorMode(), cell.getFgColor()]
      cells.push([y, x, cell.getWidth(), ...seen, ...(blank ? [] : inked)].join(' '))
    }
  }
  return cells
}

/** What a terminal makes of it without any painter. */
async function plainly(picture: string, size: Size): Promise<readonly string[]> {
  const screen = screenOf(size)
  const lines = picture.split('\n').slice(0, size.rows)
  for (const [y, line] of lines.entries()) {
    await written(screen, `\u001b[?7l\u001b[${y + 1};1H${cutTo(line, size.columns)}\u001b[m`)
  }
  const cells = cellsOf(screen)
  screen.dispose()
  return cells
}

const PARTS = new RegExp(`${ESC}\\[[\\d;]*m|\\P{M}\\p{M}*`, 'gu')

/** So many cells of a line; half a wide character is a blank. */
function cutTo(line: string, columns: number): string {
  let out = ''
  let room = columns
  for (const [part] of line.matchAll(PARTS)) {
    const width = part.startsWith('\u001b') ? 0 : /[日本]/.test(part) ? 2 : 1
    if (width > room) return `${out}${' '.repeat(room)}`
    room -= width
    out += part
  }
  return out
}

test('after any pictures every cell is as the last one has it, and nothing scrolled', () =>
  fc.assert(
    fc.asyncProperty(anySize, fc.array(anyPicture, { minLength: 1, maxLength: 5 }), async (size, pictures) => {
      const screen = screenOf(size)
      let bytes = '\u001b[31;7mRUBBISH'.repeat(30)
      let scrolled = 0
      await written(screen, bytes)
      screen.onScroll(() => scrolled++)
      const painter = new Painter((more) => {
        bytes = more
      })
      for (const picture of pictures) {
        bytes = ''
        painter.paint(picture, size)
        await written(screen, bytes)
        assert.deepStrictEqual(cellsOf(screen), await plainly(picture, size))
      }
      assert.strictEqual(scrolled, 0)
      screen.dispose()
    }),
    { numRuns: 300, includeErrorInReport: true },
  ))

test('a picture that did not change costs nothing, a changed cell only itself', () => {
  const written: string[] = []
  const painter = new Painter((bytes) => written.push(bytes))
  const size = { columns: 40, rows: 3 }
  painter.paint('one\n\u001b[32mtwo\u001b[0m 17 %\nthree', size)
  painter.paint('one\n\u001b[32mtwo\u001b[0m 17 %\nthree', size)
  assert.strictEqual(written.length, 1)
  painter.paint('one\n\u001b[32mtwo\u001b[0m 18 %\nthree', size)
  assert.deepStrictEqual(written.slice(1), ['\u001b[?2026h\u001b[?7l\u001b[2;6H8\u001b[m\u001b[?7h\u001b[?2026l'])
})

test('every picture stands between the marks of synchronised output', () => {
  const painter = new Painter((bytes) => {
    assert(bytes.startsWith('\u001b[?2026h') && bytes.endsWith('\u001b[?2026l'), bytes)
  })
  painter.paint('one', { columns: 10, rows: 2 })
  painter.paint('two', { columns: 12, rows: 1 })
  painter.repaint({ columns: 12, rows: 1 })
})

test('a terminal that is smaller than it said shows the upper left part and does not scroll', async () => {
  const screen = screenOf({ columns: 10, rows: 3 })
  let scrolled = 0
  screen.onScroll(() => scrolled++)
  let bytes = ''
  const painter = new Painter((more) => {
    bytes += more
  })
  painter.paint(Array.from({ length: 8 }, (_, y) => `${y}`.repeat(20)).join('\n'), { columns: 20, rows: 8 })
  await written(screen, bytes)
  assert.strictEqual(scrolled, 0)
  assert.strictEqual(screen.buffer.active.getLine(0)?.translateToString(), '0000000000')
  assert.strictEqual(screen.buffer.active.getLine(1)?.translateToString(), '1111111111')
  screen.dispose()
})

test('a picture for another size is not painted again', () => {
  const written: string[] = []
  const painter = new Painter((bytes) => written.push(bytes))
  painter.paint('one', { columns: 10, rows: 2 })
  painter.repaint({ columns: 20, rows: 2 })
  assert.strictEqual(written.length, 1)
  painter.paint('one', { columns: 20, rows: 2 })
  assert.strictEqual(written.length, 2)
})

test('a style is the codes that are on, however they came', () => {
  assert.strictEqual(styleAfter('', '1;36'), '1;36')
  assert.strictEqual(styleAfter('1;36', '22'), '36')
  assert.strictEqual(styleAfter('36', '1'), '1;36')
  assert.strictEqual(styleAfter('1;2;36', '39'), '1;2')
  assert.strictEqual(styleAfter('97;40', '49'), '97')
  assert.strictEqual(styleAfter('1;7', ''), '')
  assert.strictEqual(styleAfter('', '38;5;200;48;2;1;2;3;4'), '4;38;5;200;48;2;1;2;3')
})

test.run()
