import * as assert from 'node:assert'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { blake3 } from '@napi-rs/blake-hash'
import { test } from 'uvu'
import { HostWorkers } from '../../src/host/workers.js'
import { rawPublicKey } from '../../wire/ed25519.js'
import { called, until } from './support.js'

const fatals: string[] = []
const workers = new HostWorkers({ miners: 2, fatal: (reason) => fatals.push(reason) })

/** Compact bits: about 2^12 hashes, and never. */
const EASY = 0x1f0fffff
const HOPELESS = 0x03000001

function header(bits: number, fill: number): Buffer {
  const bytes = Buffer.alloc(80, fill)
  bytes.writeUInt32LE(bits, 72)
  return bytes
}

function meets(solved: Uint8Array): boolean {
  const once = createHash('sha256').update(solved).digest()
  const hash = createHash('sha256').update(once).digest().reverse()
  return hash.readUInt32BE(0) <= 0x000fffff
}

test('an easy nonce is found, in the order of the jobs, and only the nonce differs', async () => {
  const order: number[] = []
  const solved = await Promise.all(
    [1, 2, 3].map((fill) =>
      called<Uint8Array | null>(`job ${fill}`, (done) =>
        workers.mine(header(EASY, fill), (result) => {
          order.push(fill)
          done(result)
        }),
      ),
    ),
  )
  assert.deepEqual(order, [1, 2, 3])
  for (const [index, result] of solved.entries()) {
    assert.ok(result !== null && meets(result))
    assert.deepEqual(Buffer.from(result.subarray(0, 76)), header(EASY, index + 1).subarray(0, 76))
  }
  assert.equal(workers.hashRate(), 0)
})

test('a cancelled search ends at once, says nothing, and makes room for the next', async () => {
  let answered = false
  const cancel = workers.mine(header(HOPELESS, 1), () => {
    answered = true
  })
  const cancelWaiting = workers.mine(header(EASY, 4), () => {
    answered = true
  })
  await until('the search to run', () => workers.hashRate() > 0)
  cancelWaiting()
  cancel()
  const result = await called<Uint8Array | null>('the next job', (done) => workers.mine(header(EASY, 2), done))
  assert.ok(result !== null && meets(result))
  assert.ok(!answered)
})

test('signatures are judged strictly and in the order given', async () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const publicKey = rawPublicKey(privateKey)
  const text = (number: number) => Buffer.from(`ballot ${number}`)
  const good = (number: number) => ({ publicKey, text: text(number), signature: sign(null, text(number), privateKey) })
  const identity = Buffer.alloc(32)
  identity[0] = 1
  const batch = [
    ...Array.from({ length: 130 }, (_, number) => good(number)),
    { ...good(1), text: text(2) },
    // the identity point as key and as R, S = 0: node:crypto alone calls this valid for any text
    { publicKey: identity, text: text(3), signature: Buffer.concat([identity, Buffer.alloc(32)]) },
    { ...good(4), publicKey: Buffer.alloc(31) },
    { ...good(5), signature: Buffer.alloc(0) },
    good(6),
  ]
  const valid = await called<readonly boolean[]>('the verdicts', (done) => workers.verify(batch, done))
  assert.deepEqual(
    valid,
    batch.map((_, index) => index < 130 || index === 134),
  )
  assert.deepEqual(await called<readonly boolean[]>('no verdicts', (done) => workers.verify([], done)), [])
})

test('shared memory is hashed where it lies', async () => {
  const memory = new SharedArrayBuffer(1 << 20)
  new Uint8Array(memory).fill(9)
  const digest = await called<Uint8Array>('the digest', (done) => workers.hash(memory, 300_000, done))
  assert.deepEqual(Buffer.from(digest), blake3(Buffer.alloc(300_000, 9)))
})

test('a job whose worker dies is run once more, then the peer stops with the reason', async () => {
  const reasons: string[] = []
  const broken = new HostWorkers({ miners: 1, fatal: (reason) => reasons.push(reason) })
  // more than the memory holds: the worker throws over it every time
  broken.hash(new SharedArrayBuffer(8), 1 << 20, () => assert.fail('it cannot succeed'))
  await until('the peer to be stopped', () => reasons.length > 0)
  assert.match(reasons[0] ?? '', /a worker thread died twice over the same job/)
  await broken.close()
})

test('nothing failed meanwhile', async () => {
  await workers.close()
  assert.deepEqual(fatals, [])
})

test.run()
