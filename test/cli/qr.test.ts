import assert from 'node:assert'
import { test } from 'uvu'
import { qrForShell, qrLines } from '../../src/cli/qr.js'
import { outcomeOf } from '../../src/cli/typed.js'

const TICKET = `p2p1${'a2'.repeat(70)}`

/** The modules with their border, true where dark; a cell holds two of them. */
function modulesOf(lines: readonly string[]): readonly (readonly boolean[])[] {
  return lines.flatMap((line) => [
    [...line].map((cell) => cell === ' ' || cell === '▄'),
    [...line].map((cell) => cell === ' ' || cell === '▀'),
  ])
}

test('a code is a square of modules with its three finders, in a light border', () => {
  const lines = qrLines(TICKET)
  const width = lines[0]?.length ?? 0
  assert(lines.every((line) => line.length === width && /^[ ▀▄█]+$/.test(line)))
  // the upper half of the first cells and, as a code has an odd size, the lower half of the last ones is not the code's
  const modules = modulesOf(lines).slice(1)
  const size = width - 2
  assert.strictEqual((size - 17) % 4, 0)
  const finder = ['#######', '#     #', '# ### #', '# ### #', '# ### #', '#     #', '#######']
  const at = (top: number, left: number) =>
    finder.map((_, row) => finder.map((_, column) => (modules[top + row]?.[left + column] ? '#' : ' ')).join(''))
  for (const [top, left] of [
    [1, 1],
    [1, 1 + size - 7],
    [1 + size - 7, 1],
  ] as const)
    assert.deepStrictEqual(at(top, left), finder)
})

test('in a shell it is shown whole or not at all, in colours of its own', () => {
  const width = qrLines(TICKET)[0]?.length ?? 0
  assert.deepStrictEqual(qrForShell(TICKET, 0), [])
  assert.deepStrictEqual(qrForShell(TICKET, width - 1), [])
  const shown = qrForShell(TICKET, width)
  assert.strictEqual(shown.length, qrLines(TICKET).length)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colours
  for (const line of shown) assert.match(line, /^\u001b\[97;40m.*\u001b\[0m$/)
})

const answered = (message: string, lines: readonly string[]) => ({ exit: 0, message, lines, json: undefined })

test('an answer with a ticket can be copied and scanned in the console', () => {
  const { long } = outcomeOf('invite --lan', answered('paste it', [TICKET, 'paste it']))
  assert.deepStrictEqual(long, {
    title: 'invite --lan',
    lines: [TICKET, 'paste it'],
    copy: TICKET,
    picture: qrLines(TICKET),
  })
  assert.deepStrictEqual(outcomeOf('peers', answered('', ['a p2p1 b', 'c'])).long, {
    title: 'peers',
    lines: ['a p2p1 b', 'c'],
  })
})

test.run()
