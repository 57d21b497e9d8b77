import assert from 'node:assert'
import xterm from '@xterm/headless'
import fc from 'fast-check'
import { test } from 'uvu'
import { type Look, lookOf } from '../../ui/look.js'
import { clean, clip, widthOf } from '../../ui/text/cells.js'
import { cut, lineWidth, paint, plainText, spread, styled, wrap } from '../../ui/text/line.js'
import { anyName } from './arbitraries.js'

const UTF8 = lookOf({ LANG: 'C.UTF-8' })
const PLAIN = lookOf({ LANG: 'C', NO_COLOR: '1' })
const anyLook: fc.Arbitrary<Look> = fc.constantFrom(UTF8, PLAIN, lookOf({ LANG: 'C.UTF-8', COLORFGBG: '0;15' }))
const anyStyle = fc.constantFrom('plain' as const, 'bad' as const, 'cursor' as const, 'accent' as const)
const anyLine = fc.array(
  fc.oneof(
    anyName,
    fc.tuple(anyStyle, anyName).map(([style, text]) => styled(style, text)),
  ),
  { maxLength: 5 },
)

const withoutStyles = (painted: string) =>
  painted
    .split('\u001b[')
    .map((part, index) => (index === 0 ? part : part.replace(/^[\d;]*m/, '')))
    .join('')

test('no control, format or bidi character survives cleaning', () => {
  fc.assert(
    fc.property(anyName, anyLook, (name, look) => {
      const text = clean(name, look)
      assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u)
      if (!look.unicode) assert.match(text, /^[ -~]*$/)
    }),
  )
})

test('without Unicode our own glyphs become what stands for them, and names stay closed', () => {
  const answer = ['alice → yes · 3 of 4', '3f9a…e1', '███▌▏', '▓▒░ ▂▄▆ ✓ ✗ ● ◐ ○ ◆', '╭─╮│╰╯ ├ ← ↓ ↑ ❯']
  assert.deepStrictEqual(
    answer.map((text) => clean(text, PLAIN)),
    ['alice > yes - 3 of 4', '3f9a~e1', '####.', '#x. -=+ + ! * % o @', '+-+|++ | < v ^ >'],
  )
  for (const name of ['Zürich', '日本', 'e\u0301', '→\u0301', '\u202e'])
    assert.match(clean(name, PLAIN), /^[A-Za-z?]+$/, name)
  for (const text of answer) assert.strictEqual(clean(text, UTF8), text)
})

test('cleaning twice is cleaning once', () => {
  fc.assert(
    fc.property(anyName, anyLook, (name, look) =>
      assert.strictEqual(clean(clean(name, look), look), clean(name, look)),
    ),
  )
})

test('names that people use stay as they are', () => {
  for (const name of ['music.txt', 'Zürich', '日本語.txt', 'Ελλάδα', 'año', 'עברית', 'файл', '한국어'])
    assert.strictEqual(clean(name, UTF8), name)
  assert.strictEqual(clean('e\u0301clair', UTF8), 'éclair')
})

test('a terminal agrees on every width', async () => {
  const terminal = new xterm.Terminal({ cols: 400, rows: 2, allowProposedApi: true, logLevel: 'off' })
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(anyName, fc.constantFrom('日本語', 'ｆｕｌｌ', 'नमस्ते', '한국어', 'ไทย')),
      async (name) => {
        const text = clean(name.slice(0, 60), UTF8)
        await new Promise<void>((resolve) => terminal.write(`\r\u001b[2K${text}`, resolve))
        assert.strictEqual(terminal.buffer.active.cursorX, widthOf(text), JSON.stringify(text))
      },
    ),
    { numRuns: 300 },
  )
  terminal.dispose()
})

test('a painted line is exactly as wide as asked for and carries nothing but SGR', () => {
  fc.assert(
    fc.property(anyLine, fc.integer({ min: 0, max: 90 }), anyLook, fc.boolean(), (line, width, look, reverse) => {
      const text = withoutStyles(paint(line, width, look, reverse))
      assert.doesNotMatch(text, /\p{Cc}/u)
      assert.strictEqual(widthOf(text), width)
    }),
  )
})

test('cut and spread fill their width, and what stands at the right stays whole', () => {
  fc.assert(
    fc.property(anyLine, anyLine, fc.integer({ min: 0, max: 90 }), (left, right, width) => {
      assert.strictEqual(lineWidth(cut(left, width, UTF8), UTF8), width)
      const line = spread(left, right, width, UTF8)
      assert.strictEqual(lineWidth(line, UTF8), width)
      if (lineWidth(right, UTF8) <= width) assert(plainText(line, UTF8).endsWith(plainText(right, UTF8)))
    }),
  )
})

test('what is cut ends with an ellipsis, never with half a wide character', () => {
  assert.strictEqual(clip('music.txt', 6, '…'), 'music…')
  assert.strictEqual(clip('日本語', 4, '…'), '日…')
  assert.strictEqual(clip('日本語', 6, '…'), '日本語')
})

test('wrapped lines fit and lose no word', () => {
  fc.assert(
    fc.property(anyName, fc.integer({ min: 2, max: 60 }), (text, width) => {
      const lines = wrap(text, width, UTF8)
      for (const line of lines) assert(widthOf(line) <= width)
      assert.strictEqual(lines.join('').replaceAll(' ', ''), clean(text, UTF8).replaceAll(' ', ''))
    }),
  )
})

test('NO_COLOR leaves attributes and takes every colour', () => {
  assert.strictEqual(paint([styled('good', 'a'), styled('busy', 'b')], 2, PLAIN), 'ab')
  assert.match(paint([styled('bad', 'c')], 1, PLAIN), /\[1mc/)
  assert.match(paint([styled('bad', 'c')], 1, UTF8), /\[31mc/)
})

test('yellow is used only on a background that is known to be dark', () => {
  const busy = (colours: string | undefined) =>
    paint([styled('busy', 'x')], 1, lookOf({ LANG: 'C.UTF-8', COLORFGBG: colours }))
  assert.doesNotMatch(busy(undefined), /\[33m/)
  assert.doesNotMatch(busy('0;15'), /\[33m/)
  assert.match(busy('15;0'), /\[33m/)
})

test('the locale decides on the glyphs: LC_ALL before LC_CTYPE before LANG', () => {
  assert.strictEqual(lookOf({ LANG: 'de_CH.UTF-8' }).unicode, true)
  assert.strictEqual(lookOf({ LANG: 'de_CH.utf8', LC_CTYPE: 'C' }).unicode, false)
  assert.strictEqual(lookOf({ LANG: 'C', LC_ALL: 'en_US.UTF-8' }).unicode, true)
  assert.strictEqual(lookOf({}).unicode, false)
})

test.run()
