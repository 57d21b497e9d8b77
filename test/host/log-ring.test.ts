import assert from 'node:assert'
import { suite } from 'uvu'
import { LogRing } from '../../src/host/log-ring.js'

const test = suite('log ring')

test('a flood of pings does not push out what happened, and order is kept', () => {
  const ring = new LogRing(() => {})
  ring.add('debug', 'ping')
  ring.add('notice', 'founded')
  for (let count = 0; count < 5_000; count++) ring.add('debug', `ping ${count}`)
  ring.add('info', 'left')
  const texts = ring.lines().map((line) => line.text)
  assert.strictEqual(texts[0], 'founded')
  assert.strictEqual(texts.at(-1), 'left')
  assert.strictEqual(texts.at(-2), 'ping 4999')
  assert.ok(texts.length <= 1_000)
})

test('names in a line are no orders to a terminal', () => {
  const ring = new LogRing(() => {})
  ring.add('info', 'clear \u009b2J \u001b[2J, turn \u202egnp.exe\nnext line')
  assert.deepStrictEqual(
    ring.lines().map(({ text }) => text),
    ['clear ▯2J ▯[2J, turn ▯gnp.exe\nnext line'],
  )
})

test.run()
