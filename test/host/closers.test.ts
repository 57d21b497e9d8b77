import assert from 'node:assert'
import { test } from 'uvu'
import { type OnClose, openInSteps } from '../../src/host/closers.js'

/** Three steps, the second of which takes a while to close. */
function opensThree(onClose: OnClose, closed: string[]): void {
  onClose(() => void closed.push('lock'))
  onClose(async () => {
    await new Promise((resolve) => setImmediate(resolve))
    closed.push('store')
  })
  onClose(() => void closed.push('links'))
}

test('what was opened is closed in the opposite order, one after the other', async () => {
  const closed: string[] = []
  const close = await openInSteps((onClose, closeAll) => {
    opensThree(onClose, closed)
    return closeAll
  })
  assert.deepStrictEqual(closed, [])
  await close()
  assert.deepStrictEqual(closed, ['links', 'store', 'lock'])
  await close()
  assert.strictEqual(closed.length, 3, 'and only once')
})

for (const [how, fails] of [
  ['at once', () => assert.fail('no port')],
  ['later', () => Promise.reject(new Error('no port'))],
] as const) {
  test(`a step that fails ${how} is told of when all before it is closed`, async () => {
    const closed: string[] = []
    const opening = openInSteps((onClose) => {
      opensThree(onClose, closed)
      return fails()
    })
    const seen = await opening.then(
      () => null,
      (error: Error) => ({ message: error.message, closed: [...closed] }),
    )
    assert.deepStrictEqual(seen, { message: 'no port', closed: ['links', 'store', 'lock'] })
  })
}

test.run()
