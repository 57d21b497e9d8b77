import assert from 'node:assert'
import { suite } from 'uvu'
import { redirected } from '../../src/cli/redirect.js'

const test = suite('redirect')

test('every spelling of -o - writes to the given path instead', () => {
  for (const spelled of [['-o', '-'], ['--output', '-'], ['-o-'], ['--output=-']]) {
    const words = redirected(['request', 'a', ...spelled, '-n', 'ann'], '/tmp/x')
    assert.deepStrictEqual(words?.slice(0, 2), ['request', 'a'])
    assert.deepStrictEqual(words?.slice(3), ['/tmp/x', '-n', 'ann'])
    assert.match(words?.[2] ?? '', /^(-o|--output)$/)
  }
})

test('other words stay as they are', () => {
  assert.strictEqual(redirected(['request', 'a', '-o', 'b'], '/tmp/x'), null)
  assert.strictEqual(redirected(['join', '-'], '/tmp/x'), null)
  assert.strictEqual(redirected(['request', '--', '-o', '-'], '/tmp/x'), null)
})

test.run()
