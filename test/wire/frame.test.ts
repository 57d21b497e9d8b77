import * as assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { encodeMessage } from '../../wire/codec.js'
import { ProtocolError } from '../../wire/errors.js'
import { CHUNK_NUMBER, type ChunkReceiver, chunkHead, FrameDecoder, type FrameOwner } from '../../wire/frame.js'
import { InFlight } from '../../wire/in-flight.js'
import { packValue } from '../../wire/writer.js'

const LARGEST = 1 << 20

/** Collects frames and chunks, in order. */
class Collector implements FrameOwner, ChunkReceiver {
  largest = LARGEST
  readonly got: string[] = []
  readonly receiver: ChunkReceiver = this
  held = 0
  mostHeld = 0
  readonly decoder = new FrameDecoder(this, (bytes) => {
    this.held = bytes
    this.mostHeld = Math.max(this.mostHeld, bytes)
  })
  admitted: (readonly [number: number, size: number])[] = []
  #memory: Uint8Array = new Uint8Array(0)
  #filled = 0

  admit(number: number, size: number): void {
    this.admitted.push([number, size])
  }

  frame(payload: Uint8Array): void {
    this.got.push(`frame ${Buffer.from(payload).toString('hex')}`)
  }

  begin(request: number, size: number): Uint8Array | null {
    if (request === 404) return null
    this.#filled = 0
    this.#memory = new Uint8Array(new SharedArrayBuffer(size + 10))
    return this.#memory
  }

  progress(_request: number, bytes: number): void {
    this.#filled += bytes
  }

  end(request: number): void {
    const chunk = this.#memory.subarray(0, this.#memory.length - 10)
    assert.equal(this.#filled, chunk.length)
    this.got.push(`chunk ${request} ${Buffer.from(chunk).toString('hex')}`)
  }

  closed(): void {}
}

interface Sent {
  readonly bytes: Uint8Array
  readonly expected: string
}

const frameSent: fc.Arbitrary<Sent> = fc.uint8Array({ maxLength: 400 }).map((body) => {
  const frame = packValue([9, body], 4)
  new DataView(frame.buffer).setUint32(0, frame.length - 4)
  return { bytes: frame, expected: `frame ${Buffer.from(frame.subarray(4)).toString('hex')}` }
})
const emptySent: fc.Arbitrary<Sent> = fc.constant({
  bytes: Uint8Array.from([0, 0, 0, 2, 0x91, 8]),
  expected: 'frame 9108',
})
const chunkSent: fc.Arbitrary<Sent> = fc
  .tuple(fc.integer({ min: 405, max: 0xffffffff }), fc.uint8Array({ minLength: 1, maxLength: 3000 }))
  .map(([request, chunk]) => ({
    bytes: Buffer.concat([chunkHead(request, chunk.length), chunk]),
    expected: `chunk ${request} ${Buffer.from(chunk).toString('hex')}`,
  }))
const stream = fc.array(fc.oneof(frameSent, emptySent, chunkSent), { maxLength: 12 })
const cuts = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 })

/** Parts of `bytes`, of these sizes in turn. */
function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let place = 0, turn = 0; place < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    yield bytes.subarray(place, place + size)
    place += size
  }
}

test('however bytes are cut, the same frames come out, in order', () => {
  fc.assert(
    fc.property(stream, cuts, (sent, sizes) => {
      const collector = new Collector()
      const reused = new Uint8Array(1000)
      for (const piece of pieces(Buffer.concat(sent.map(({ bytes }) => bytes)), sizes)) {
        reused.set(piece)
        collector.decoder.push(reused.subarray(0, piece.length))
        reused.fill(0xee)
      }
      assert.deepEqual(
        collector.got,
        sent.map(({ expected }) => expected),
      )
      assert.equal(collector.decoder.partial, false)
      assert.equal(collector.decoder.finished, sent.length)
      assert.equal(collector.held, 0)
    }),
  )
})

test('reading straight into the decoder gives the same frames, and a chunk is never copied twice', () => {
  fc.assert(
    fc.property(stream, cuts, (sent, sizes) => {
      const collector = new Collector()
      const bytes = Buffer.concat(sent.map(({ bytes }) => bytes))
      for (let place = 0, turn = 0; place < bytes.length; turn++) {
        const memory = collector.decoder.target()
        assert.ok(memory.length > 0)
        const piece = bytes.subarray(place, place + Math.min(memory.length, sizes[turn % sizes.length] ?? 1))
        memory.set(piece)
        collector.decoder.filled(piece.length, memory)
        place += piece.length
      }
      assert.deepEqual(
        collector.got,
        sent.map(({ expected }) => expected),
      )
    }),
  )
})

test('a chunk that follows a head read alone goes straight into its memory', () => {
  const collector = new Collector()
  const { decoder } = collector
  const head = chunkHead(1000, 50_000)
  assert.equal(decoder.target().length, head.length)
  decoder.push(head)
  assert.ok(decoder.target().buffer instanceof SharedArrayBuffer)
  assert.equal(decoder.target().length, 50_000)
})

test('a length of 4 GiB is refused from its four bytes, before memory is taken', () => {
  const collector = new Collector()
  assert.throws(
    () => collector.decoder.push(Uint8Array.from([255, 255, 255, 255])),
    (error) => error instanceof ProtocolError && error.code === 'too-large',
  )
  assert.equal(collector.mostHeld, 0)
})

test('number and size are judged from the first six bytes', () => {
  const collector = new Collector()
  collector.decoder.push(Uint8Array.from([0, 15, 0, 0, 0x92]))
  assert.deepEqual(collector.admitted, [])
  collector.decoder.push(Uint8Array.from([3]))
  assert.deepEqual(collector.admitted, [[3, 0xf0000]])
})

test('an unfinished frame holds at most twice what came of it', () => {
  const collector = new Collector()
  const head = [0, 16, 0, 0, 0x92, 3]
  collector.decoder.push(Uint8Array.from(head))
  let came = 2
  for (const part = new Uint8Array(10_000); came < 1_000_000; came += part.length) {
    collector.decoder.push(part)
    assert.ok(collector.held <= Math.max(16_384, 2 * (came + part.length)), `${collector.held} held for ${came}`)
  }
  collector.decoder.stop()
  assert.equal(collector.held, 0)
})

test('malformed heads are refused', () => {
  const bad: readonly number[][] = [
    [0, 0, 0, 0],
    [0, 0, 0, 1],
    [0, 0, 0, 2, 0xc0, 3],
    [0, 0, 0, 2, 0x81, 3],
    [0, 0, 0, 2, 0x91, 0xcc],
    [...chunkHead(1, 100)].with(11, 0xc5),
    [...chunkHead(1, 100)].with(6, 0xcd),
    [...chunkHead(1, 100)].with(4, 0x94),
    [...chunkHead(1, 100)].with(15, 99),
    [...chunkHead(1, 0)],
    [0, 0, 0, 3, 0x93, CHUNK_NUMBER, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [...chunkHead(404, 100)],
  ]
  for (const bytes of bad) {
    assert.throws(
      () => new Collector().decoder.push(Uint8Array.from(bytes)),
      ProtocolError,
      Buffer.from(bytes).toString('hex'),
    )
  }
})

test('nothing is delivered after stop, not even from the bytes at hand', () => {
  const collector = new Collector()
  const ping = encodeMessage({ type: 'ping', sequence: 1 })
  collector.frame = () => {
    collector.got.push('frame')
    collector.decoder.stop()
  }
  collector.decoder.push(Buffer.concat([ping, ping, ping]))
  collector.decoder.push(ping)
  assert.deepEqual(collector.got, ['frame'])
})

test('when the memory of unfinished frames is spent, the oldest one lets go', () => {
  const inFlight = new InFlight(100)
  const evicted: string[] = []
  const accounts = ['a', 'b', 'c'].map((name) => inFlight.account(() => evicted.push(name)))
  accounts[0]?.(40)
  accounts[1]?.(40)
  accounts[0]?.(50)
  accounts[2]?.(40)
  assert.deepEqual(evicted, ['a'])
  assert.equal(inFlight.totalBytes, 80)
  accounts[1]?.(0)
  accounts[2]?.(101)
  assert.deepEqual(evicted, ['a', 'c'])
  assert.equal(inFlight.totalBytes, 0)
})

test.run()
