/** The IPC of an anchor: what does not fit its declaration is refused where it comes in, and queues are bounded. */
import assert from 'node:assert'
import { suite } from 'uvu'
import {
  decodeSibling,
  encodeSibling,
  ORDERS,
  type Order,
  type Packed,
  pack,
  REPORTS,
  type Report,
  unpack,
} from '../../src/anchor/process/messages.js'
import { Outlet } from '../../src/anchor/process/outlet.js'
import { Restarts } from '../../src/anchor/process/restarts.js'
import type { SiblingMessage } from '../../src/anchor/task.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'

const test = suite('anchor messages')
const peer = 'ab'.repeat(32) as PeerId

test('a message comes out as it went in', () => {
  const orders: Order[] = [
    { type: 'socket', serial: 7, address: '127.0.0.1:4000' as Address },
    { type: 'heard', from: 'manifests', bytes: new Uint8Array([1, 2]) },
    { type: 'command', request: 1, words: ['store', 'e\u0301.txt'], cwd: '/tmp', columns: 80, pictures: true },
    { type: 'quit' },
  ]
  for (const order of orders) assert.deepStrictEqual(unpack(ORDERS, pack(ORDERS, order)), order)
  const reports: Report[] = [
    { type: 'beat', served: 1, queued: 0, known: 3 },
    { type: 'log', time: 5, level: 'warn', text: 'hm' },
    { type: 'answer', request: 1, exit: 0, json: null, text: '', error: '', more: '', message: 'done' },
  ]
  for (const report of reports) assert.deepStrictEqual(unpack(REPORTS, pack(REPORTS, report)), report)
})

test('what does not fit its declaration is refused', () => {
  const wrong: unknown[] = [
    null,
    'beat',
    [],
    ['no such message'],
    ['constructor'],
    ['beat', 1, 2],
    ['beat', 1, 2, -1],
    ['beat', 1, 2, 3, 4],
    ['beat', 1, 2, '3'],
    ['log', 1, 99, 'text'],
    ['tell', 0, new Uint8Array(0)],
    ['started', 'what'],
  ]
  for (const packed of wrong) assert.throws(() => unpack(REPORTS, packed), JSON.stringify(packed))
  assert.throws(() => unpack(ORDERS, ['beat', 1, 2, 3]), 'reports are no orders')
})

test('what tasks tell each other keeps its content and its bounds', () => {
  const messages: SiblingMessage[] = [
    { kind: 'members', entries: [] },
    { kind: 'left', peers: [peer] },
    { kind: 'relay', from: peer, message: { type: 'manifestGet', request: 1, manifest: 'cd'.repeat(32) as Hash } },
    { kind: 'names', count: 7 },
    { kind: 'copies', bytes: 2 ** 40, transfers: 3 },
  ]
  for (const message of messages) assert.deepStrictEqual(decodeSibling(encodeSibling(message)), message)
  assert.throws(() => decodeSibling(new Uint8Array([1, 2, 3])))
  assert.throws(() => encodeSibling({ kind: 'relay', from: peer, message: { type: 'no such' } as never }))
})

test('an end that reads nothing is told of once, and nothing is sent any more', () => {
  const sent: Packed[] = []
  const written: (() => void)[] = []
  let stuck = 0
  const outlet = new Outlet(
    REPORTS,
    (message, _handle, done) => {
      sent.push(message as Packed)
      written.push(done)
    },
    () => stuck++,
  )
  for (let count = 0; count < 4096; count++) outlet.send({ type: 'taken', serial: count })
  written.shift()?.()
  outlet.send({ type: 'taken', serial: 1 })
  assert.deepStrictEqual([stuck, sent.length], [0, 4097], 'what was read makes room')
  for (let count = 0; count < 10; count++) outlet.send({ type: 'taken', serial: 2 })
  assert.deepStrictEqual([stuck, sent.length], [1, 4097])
})

test('bytes are bounded too, but one message may be large', () => {
  let stuck = 0
  let sent = 0
  const outlet = new Outlet(
    REPORTS,
    () => void sent++,
    () => void stuck++,
  )
  const bytes = new Uint8Array(16 << 20)
  for (let count = 0; count < 3; count++) outlet.send({ type: 'tell', to: 'files', bytes })
  assert.deepStrictEqual([stuck, sent], [0, 3])
  for (let count = 0; count < 3; count++) outlet.send({ type: 'tell', to: 'files', bytes })
  assert.deepStrictEqual([stuck, sent], [1, 3])
})

test('the first ends are answered at once, early ones in a row ever later, and a long life makes good', () => {
  const restarts = new Restarts()
  const pauses = Array.from({ length: 12 }, () => restarts.after(100))
  assert.deepStrictEqual(pauses.slice(0, 6), [0, 0, 0, 500, 1000, 2000])
  assert.strictEqual(pauses.at(-1), 30_000)
  assert.deepStrictEqual([restarts.after(60_000), restarts.after(100)], [0, 0])
})

test.run()
