/** One direction of the IPC: what is large waits for its turn, and only an end that reads nothing is given up. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { REPORTS } from '../../src/anchor/process/messages.js'
import { Outlet } from '../../src/anchor/process/outlet.js'

const answer = (request: number, bytes: number) => ({
  type: 'answer' as const,
  request,
  exit: 0,
  json: null,
  text: 'x'.repeat(bytes),
  error: '',
  more: '',
  message: '',
})

test('several large answers at once end no process: each follows when the one before was read', () => {
  const written: (() => void)[] = []
  let stuck = false
  const outlet = new Outlet(
    REPORTS,
    (_message, _handle, done) => written.push(done),
    () => {
      stuck = true
    },
  )
  for (let request = 0; request < 5; request++) outlet.sendLarge(answer(request, 30 << 20))
  outlet.send({ type: 'beat', served: 0, queued: 0, known: 0 })
  assert.equal(written.length, 2, 'one answer, and a sign of life beside it')
  for (let read = 0; read < written.length; read++) written[read]?.()
  assert.deepEqual([written.length, stuck], [6, false])
})

test('an end that reads nothing is told of once', () => {
  let times = 0
  const outlet = new Outlet(
    REPORTS,
    () => {},
    () => times++,
  )
  for (let count = 0; count < 5_000; count++) outlet.send({ type: 'beat', served: 0, queued: 0, known: 0 })
  assert.equal(times, 1)
})

test.run()
