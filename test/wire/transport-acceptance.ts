/**
 * What every transport must do. A new one passes this by `acceptTransport(name, newWorld)`; nothing above the wire may
 * depend on more.
 */
import * as assert from 'node:assert'
import { createHash, randomBytes } from 'node:crypto'
import { suite } from 'uvu'
import { encodeMessage } from '../../wire/codec.js'
import type { ChunkReceiver } from '../../wire/frame.js'
import { sha256 } from '../../wire/hash.js'
import type { Message } from '../../wire/messages.js'
import type { Transport } from '../../wire/transport.js'
import type { Address, PeerId } from '../../wire/types.js'
import * as support from './support.js'

const { dial, dialed, hello, listening, newIdentity, newPsk, refusal, someHash, until, within } = support

/** Transports that can reach each other, each with an identity and a network key. */
export interface TestWorld {
  transport(psk: Uint8Array, identity: support.TestIdentity): Transport
  /** An address on this machine that takes connections and never says a word; null where there is none. */
  silence(): Promise<{ readonly address: Address; close(): void } | null>
}

interface Context {
  world: TestWorld
  psk: Uint8Array
  a: Transport
  b: Transport
  ids: { a: support.TestIdentity; b: support.TestIdentity }
  others: Transport[]
}

/** Keeps chunks, each in memory of its own that threads could share. */
class Chunks implements ChunkReceiver {
  readonly got = new Map<number, string>()
  readonly progressed = new Map<number, number>()
  closedCalls = 0
  #memory = new Map<number, Uint8Array>()

  begin(request: number, size: number): Uint8Array | null {
    if (request === 404) return null
    const memory = new Uint8Array(new SharedArrayBuffer(size))
    this.#memory.set(request, memory)
    return memory
  }

  progress(request: number, bytes: number): void {
    this.progressed.set(request, (this.progressed.get(request) ?? 0) + bytes)
  }

  end(request: number): void {
    const memory = this.#memory.get(request)
    assert.ok(memory !== undefined && this.progressed.get(request) === memory.length)
    this.got.set(request, digest(Uint8Array.from(memory)))
  }

  closed(): void {
    this.closedCalls++
  }
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const get = (request: number): Message => ({ type: 'chunkGet', request, blob: someHash, index: request })

export function acceptTransport(name: string, newWorld: () => TestWorld): void {
  const test = suite<Context>(`transport: ${name}`)

  test.before.each((context) => {
    context.world = newWorld()
    context.psk = newPsk()
    context.ids = { a: newIdentity(), b: newIdentity() }
    context.a = context.world.transport(context.psk, context.ids.a)
    context.b = context.world.transport(context.psk, context.ids.b)
    context.others = []
  })

  test.after.each(async ({ a, b, others }) => {
    await within('all transports to close', Promise.all([a, b, ...others].map((transport) => transport.close())))
  })

  async function pair({ a, b }: Context, service: 'control' | 'data' = 'control') {
    const listener = await listening(b, { service })
    const near = await dialed(a, listener.address, { service })
    await until('the other end', () => listener.accepted.length === 1)
    const [far] = listener.accepted
    assert.ok(far !== undefined)
    return { near, far, listener }
  }

  test('both ends know each other by proven id and key, and where they are', async (context) => {
    const { near, far, listener } = await pair(context)
    const { a, b } = context.ids
    assert.equal(near.link.peer, b.id)
    assert.equal(far.link.peer, a.id)
    assert.deepEqual(near.link.publicKey, b.publicKey)
    assert.deepEqual(far.link.publicKey, a.publicKey)
    assert.equal(sha256(far.link.publicKey), far.link.peer)
    assert.equal(near.link.dialed, true)
    assert.equal(far.link.dialed, false)
    assert.equal(near.link.remote, listener.address)
    assert.equal(far.link.local, listener.address)
    assert.equal(near.link.local, far.link.remote)
    assert.notEqual(near.link.serial, far.link.serial)
  })

  test('IPv6 works the same', async ({ a, b }) => {
    const { address } = await listening(b, { address: '[::1]:0' })
    assert.ok(address.startsWith('[::1]:'))
    const near = await dialed(a, address)
    assert.equal(near.link.remote, address)
  })

  test('messages arrive whole, in order, both ways, from the first moment on', async (context) => {
    const { near, far } = await pair(context)
    for (let sequence = 0; sequence < 1000; sequence++) {
      near.link.send({ type: 'ping', sequence })
      if (sequence % 3 === 0) far.link.send({ type: 'pong', sequence: 1_000_000 + sequence })
    }
    await until('all pongs', () => near.messages.length === 1000 + 334)
    const pongs = near.messages.map((message) => (message.type === 'pong' ? message.sequence : -1))
    assert.deepEqual(
      pongs.filter((sequence) => sequence < 1_000_000),
      Array.from({ length: 1000 }, (_, sequence) => sequence),
    )
    const size = encodeMessage({ type: 'ping', sequence: 1 }).length
    assert.ok(near.link.bytesSent >= 1000 * size && far.link.bytesReceived >= 1000 * size)
    assert.ok(near.link.bytesReceived >= 1000 * size && far.link.bytesSent >= 1000 * size)
  })

  test('failures are told apart', async (context) => {
    const { world, a, b, ids } = context
    const { address, accepted } = await listening(b)
    const stranger = world.transport(newPsk(), newIdentity())
    context.others.push(stranger)
    assert.equal((await refusal(stranger, address))[0], 'wrong-network')
    assert.equal((await refusal(a, address, { expect: ids.a.id }))[0], 'wrong-peer')
    await until('the accepted end of the wrong peer', () => accepted.every(({ end }) => end !== null))
    assert.equal((await refusal(a, 'no-such-host.invalid:7000' as Address))[0], 'unknown-host')
    const gone = await listening(b)
    gone.listener.close()
    assert.equal((await refusal(a, gone.address))[0], 'refused')
    assert.ok((await dial(a, address, { expect: ids.b.id })) instanceof support.Recorder)
  })

  test('one can meet oneself: the greeting tells an echo from a second start under the same key', async (context) => {
    const { world, psk, ids, b } = context
    const { address, accepted } = await listening(b)
    const twin = world.transport(psk, ids.b)
    context.others.push(twin)
    for (const transport of [b, twin]) assert.equal((await dialed(transport, address)).link.peer, ids.b.id)
    assert.ok(accepted.every(({ link }) => link.peer === ids.b.id))
    assert.equal((await refusal(context.a, address, { expect: ids.a.id }))[0], 'wrong-peer')
  })

  test('a listener that says nothing ends in a timeout', async ({ world, a }) => {
    const silence = await world.silence()
    if (silence === null) return
    assert.equal((await refusal(a, silence.address, { timeoutMs: 300 }))[0], 'timeout')
    silence.close()
  })

  test('a dial can be given up', async ({ a, b }) => {
    const { address } = await listening(b)
    let opened = 0
    const failures: string[] = []
    const cancel = a.dial(address, {
      service: 'control',
      timeoutMs: 5_000,
      opened: () => assert.fail(`opened ${++opened}`),
      failed: (failure) => failures.push(failure),
    })
    cancel()
    cancel()
    assert.deepEqual(failures, [], 'not inside the call')
    await until('the failure', () => failures.length > 0)
    await dialed(a, address)
    assert.deepEqual(failures, ['cancelled'])
  })

  test('an address that is taken or not ours is not listened on', async ({ a, b }) => {
    const { address } = await listening(b)
    const failures: string[] = []
    for (const bad of [address, '203.0.113.7:4000' as Address]) {
      a.listen(bad, {
        listening: () => assert.fail('it listens'),
        failed: (reason) => failures.push(reason),
        accepted: () => assert.fail('it accepts'),
      })
    }
    await until('both failures', () => failures.length === 2)
    assert.deepEqual(failures.sort(), ['in-use', 'not-local'])
  })

  test('a close tells the other end why, once, and not inside the call', async (context) => {
    const { near, far } = await pair(context)
    near.link.close('duplicate', 'another link stays')
    near.link.close('protocol', 'too late')
    assert.equal(near.link.closed, true)
    assert.equal(near.end, null, 'not inside the call')
    assert.equal(near.link.send({ type: 'ping', sequence: 1 }), 'sent')
    assert.deepEqual(await near.closing(), { code: 'duplicate', reason: 'another link stays', by: 'us' })
    assert.deepEqual(await far.closing(), { code: 'duplicate', reason: 'another link stays', by: 'them' })
    assert.deepEqual(far.messages, [])
  })

  test('what was sent before a close arrives before it', async (context) => {
    const { near, far } = await pair(context)
    for (let sequence = 0; sequence < 100; sequence++) near.link.send({ type: 'pong', sequence })
    near.link.close('leaving', 'bye')
    assert.equal((await far.closing()).code, 'leaving')
    assert.equal(far.messages.length, 100)
  })

  test('any reason fits a close', async (context) => {
    const { near, far } = await pair(context)
    near.link.close('normal', `${'\u00e9'.normalize('NFD').repeat(200)}${'\u{1f600}'.repeat(100)}`)
    assert.equal((await far.closing()).by, 'them')
  })

  test('before both hellos only the greeting is spoken, afterwards no hello', async ({ a, b }) => {
    const { address, accepted } = await listening(b, { service: null })
    const early = await dialed(a, address)
    early.link.send({ type: 'finAck' })
    assert.deepEqual({ ...(await early.closing()), reason: '' }, { code: 'protocol', reason: '', by: 'them' })
    const polite = await dialed(a, address, { promote: false })
    polite.link.send(hello())
    await until('the hello', () => accepted[1]?.messages.length === 1)
    assert.deepEqual(accepted[1]?.messages, [hello()])
    accepted[1]?.link.promote('control')
    polite.link.promote('control')
    polite.link.send({ type: 'finAck' })
    await until('the first message', () => accepted[1]?.messages.length === 2)
    polite.link.send(hello())
    const end = await polite.closing()
    assert.equal(end.code, 'protocol')
    assert.ok(/hello may not come now/.test(end.reason), end.reason)
  })

  test('a control link takes no data messages and a data link no control messages', async (context) => {
    const control = await pair(context)
    control.near.link.send(get(1))
    assert.equal((await control.far.closing()).code, 'protocol')
    const data = await pair(context, 'data')
    data.near.link.send({ type: 'finAck' })
    assert.equal((await data.far.closing()).code, 'protocol')
  })

  test('who does not greet in time is closed', async ({ a, b }) => {
    const { address, accepted } = await listening(b, { service: null })
    const near = await dialed(a, address, { promote: true })
    assert.equal((await near.closing()).code, 'timeout')
    await until('the other end', () => accepted[0]?.end !== null)
    assert.deepEqual({ ...accepted[0]?.end, reason: '' }, { code: 'timeout', reason: '', by: 'us' })
  })

  test('backpressure is visible: full, then drained, and nothing is lost', async ({ a, b }) => {
    const { address, accepted } = await listening(b, { service: null })
    const near = await dialed(a, address, { promote: false })
    const message = hello({ listen: Array.from({ length: 8 }, (_, i) => `${'h'.repeat(250)}:${i + 1}` as Address) })
    let sent = 0
    let answer: 'sent' | 'full' = 'sent'
    for (; answer === 'sent' && sent < 10_000; sent++) answer = near.link.send(message)
    assert.equal(answer, 'full')
    assert.equal(near.drains, 0, 'not inside the call')
    await until('the drain', () => near.drains === 1)
    await until('all messages', () => accepted[0]?.messages.length === sent)
    assert.equal(near.link.send(message), 'sent')
    assert.equal(near.end, null)
  })

  test('more than 5,000 frames a second are a flood', async (context) => {
    const { near, far } = await pair(context)
    for (let sequence = 0; sequence < 12_000; sequence++) near.link.send({ type: 'pong', sequence })
    assert.equal((await far.closing()).code, 'flood')
    assert.equal(far.messages.length <= 10_000, true)
    assert.equal((await near.closing()).code, 'flood')
  })

  for (const direction of ['dialer', 'listener'] as const) {
    test(`chunks reach the ${direction} unharmed, between messages, straight into its memory`, async (context) => {
      const { near, far } = await pair(context, 'data')
      const [sink, source] = direction === 'dialer' ? [near, far] : [far, near]
      const chunks = new Chunks()
      sink.link.receiver = chunks
      const sizes = [1, 5, 16, 17, 4096, 65_535, 65_536, 65_537, 262_144, 1_000_003, 3 << 20, 2]
      const sent = new Map<number, string>()
      let written = 0
      source.onMessage = (message) => {
        if (message.type !== 'chunkGet') return
        const payload = randomBytes(sizes[message.index] ?? 0)
        sent.set(message.request, digest(payload))
        source.link.sendChunk(message.request, payload, (error) => {
          assert.equal(error, null)
          payload.fill(0)
          written++
        })
        source.link.send({ type: 'ping', sequence: message.request })
      }
      for (let request = 0; request < sizes.length; request++) sink.link.send(get(request))
      await until('all chunks', () => chunks.got.size === sizes.length)
      assert.deepEqual([...chunks.got], [...sent])
      await until('all to be written', () => written === sizes.length && source.link.queuedBytes === 0)
      await until('the messages between', () => sink.messages.length === sizes.length)
      assert.equal(sink.end, null)
    })
  }

  test('queued chunks are visible, and a closed link gives every buffer back', async (context) => {
    const { near, far } = await pair(context, 'data')
    near.link.receiver = new Chunks()
    let back = 0
    let moved = 0
    far.link.onWritten = () => moved++
    for (let request = 0; request < 20; request++) {
      far.link.sendChunk(request, Buffer.alloc(1 << 20), () => back++)
    }
    assert.ok(far.link.queuedBytes >= 20 << 20)
    assert.equal(back, 0, 'not inside the call')
    await until('some to be written', () => moved > 0)
    far.link.close('leaving', 'bye')
    far.link.sendChunk(99, Buffer.alloc(5), (error) => {
      assert.ok(error !== null)
      back++
    })
    await until('all buffers', () => back === 21)
    const end = await near.closing()
    assert.ok(end.code === 'leaving' || end.code === 'lost', end.code)
  })

  test('a receiver learns when its memory is its own again', async (context) => {
    const { near, far } = await pair(context, 'data')
    const chunks = new Chunks()
    near.link.receiver = chunks
    far.link.sendChunk(1, Buffer.alloc(8 << 20), () => {})
    await until('the beginning', () => (chunks.progressed.get(1) ?? 0) > 0)
    near.link.close('normal', 'enough')
    await until('the end of the link', () => chunks.closedCalls > 0)
    const before = chunks.progressed.get(1)
    await far.closing()
    assert.equal(chunks.progressed.get(1), before)
    assert.equal(chunks.closedCalls, 1)
  })

  test('a chunk that nobody asked for, or on a control link, breaks the rules', async (context) => {
    const data = await pair(context, 'data')
    data.near.link.receiver = new Chunks()
    data.far.link.sendChunk(404, Buffer.alloc(100), () => {})
    assert.equal((await data.near.closing()).code, 'protocol')
    const deaf = await pair(context, 'data')
    deaf.far.link.sendChunk(1, Buffer.alloc(100), () => {})
    assert.equal((await deaf.near.closing()).code, 'protocol')
    const control = await pair(context)
    control.near.link.promote('data')
    control.near.link.sendChunk(1, Buffer.alloc(100), () => {})
    assert.equal((await control.far.closing()).code, 'protocol')
  })

  test('a transport closes its links, listeners and dials, and everyone is told', async (context) => {
    const { a, b } = context
    const { near, far, listener } = await pair(context)
    await within('the transport to close', b.close())
    assert.equal((await far.closing()).code, 'leaving')
    assert.equal((await near.closing()).by, 'them')
    assert.equal((await refusal(a, listener.address))[0], 'refused')
  })

  test('an id that is not the one expected never opens a link', async ({ a, b }) => {
    const { address } = await listening(b)
    const expect = sha256(newIdentity().publicKey) as PeerId
    const [failure, detail] = await refusal(a, address, { expect })
    assert.equal(failure, 'wrong-peer')
    assert.ok(detail.includes(expect.slice(0, 8)), detail)
  })

  test.run()
}
