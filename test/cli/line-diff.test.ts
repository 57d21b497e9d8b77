import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { lineDiff } from '../../src/cli/line-diff.js'

const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 })
const told = (first: string, second: string): string =>
  lineDiff([...first], [...second])
    .map(({ mark, text }) => mark + text)
    .join('')

test('what differs stands between the lines around it, the rest is one mark', () => {
  assert.strictEqual(told('abcdefg', 'abcXefg'), '~ b c-d+X e f~')
  assert.strictEqual(told('abc', 'abc'), '')
  assert.strictEqual(told('', 'ab'), '+a+b')
  assert.strictEqual(told('abcdefghij', 'Xbcdefghiz'), '-a+X b c~ h i-j+z')
})

test('the marks lead from either text to the other, with as many lines in common as there can be', () => {
  fc.assert(
    fc.property(words, words, (first, second) => {
      const lines = lineDiff(first, second)
      const count = (mark: string): number => lines.filter((line) => line.mark === mark).length
      assert.strictEqual(first.length - count('-'), second.length - count('+'))
      assert.strictEqual(first.length - count('-'), commonLength(first, second))
      const kept = (marks: string): string[] => lines.filter(({ mark }) => marks.includes(mark)).map(({ text }) => text)
      assert(isWithin(kept('- '), first) && isWithin(kept('+ '), second))
    }),
  )
})

test('long texts that have nothing in common are told one after the other', () => {
  const lines = lineDiff(
    Array.from({ length: 3000 }, (_, index) => `a${index}`),
    Array.from({ length: 3000 }, (_, index) => `b${index}`),
  )
  assert.deepStrictEqual([lines.length, lines[0]?.mark, lines[3000]?.mark], [6000, '-', '+'])
})

function commonLength(first: readonly string[], second: readonly string[]): number {
  let row = Array<number>(second.length + 1).fill(0)
  for (const one of first) {
    const next = [0]
    for (const [index, other] of second.entries())
      next.push(one === other ? (row[index] ?? 0) + 1 : Math.max(row[index + 1] ?? 0, next[index] ?? 0))
    row = next
  }
  return row.at(-1) ?? 0
}

function isWithin(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0
  for (const one of whole) if (part[at] === one) at++
  return at === part.length
}

test.run()
