import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { KeyPieces } from '../../ui/terminal/key-pieces.js'

const piecesOf = (...chunks: string[]): readonly string[] => {
  const splitter = new KeyPieces()
  return chunks.flatMap((chunk) => splitter.of(chunk))
}

test('a burst becomes text and keys, and every line end is Enter', () => {
  assert.deepStrictEqual(piecesOf('vote a yes\r'), ['vote a yes', '\r'])
  assert.deepStrictEqual(piecesOf('a\nb\r\nc'), ['a', '\r', 'b', '\r', 'c'])
  assert.deepStrictEqual(piecesOf('ab\u007f\t日本\u0001'), ['ab', '\u007f', '\t', '日本', '\u0001'])
})

test('escape sequences stay whole', () => {
  assert.deepStrictEqual(piecesOf('a\u001b[D\u001b[1;5Cb\u001bOA\u001bfc\u001b'), [
    'a',
    '\u001b[D',
    '\u001b[1;5C',
    'b',
    '\u001bOA',
    '\u001bf',
    'c',
    '\u001b',
  ])
})

test('control characters that are no key are dropped', () => {
  assert.deepStrictEqual(piecesOf('a\u0000b\u001cc\u009bd'), ['a', 'b', 'c', 'd'])
})

test('a bracketed paste keeps its lines, also cut into chunks', () => {
  const pasted = '\u001b[200~q\nvote a yes\r\nrest\u001b[201~'
  assert.strictEqual(piecesOf(pasted).join(''), pasted)
  assert.strictEqual(piecesOf(pasted, 'x\r').at(-1), '\r')
  fc.assert(
    fc.property(fc.integer({ min: 6, max: pasted.length - 1 }), (at) => {
      const pieces = piecesOf(pasted.slice(0, at), pasted.slice(at), 'x\r')
      assert.strictEqual(pieces.join(''), `${pasted}x\r`)
      assert.strictEqual(pieces.at(-1), '\r', 'keys again after the paste')
    }),
  )
})

test('nothing that was typed is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (typed) => {
      const kept = typed.replace(/[\p{Cc}\r\n]/gu, '')
      assert.strictEqual(
        piecesOf(typed)
          .join('')
          .replace(/[\p{Cc}\r\n]/gu, ''),
        kept,
      )
    }),
  )
})

test.run()
