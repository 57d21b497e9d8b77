/** The simulator itself, with a peer so small that whatever goes wrong is the simulator's fault. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { DialFailure, Env, Link, LinkHandler } from '../../src/env.js'
import type { Message } from '../../wire/messages.js'
import type { Address, PeerId } from '../../wire/types.js'
import type { SimEnv } from './env.js'
import { Random } from './random.js'
import { LeakError, withoutWorld } from './trap.js'
import { World, type WorldOptions } from './world.js'

/** Listens, greets nobody, remembers what it hears, and answers pings where told. */
class Toy implements LinkHandler {
  readonly heard: number[] = []
  readonly closings: string[] = []
  readonly failures: DialFailure[] = []
  readonly listenFailures: string[] = []
  link: Link | null = null
  drains = 0
  onMessage: (message: Message) => void = () => {}

  constructor(
    readonly env: Env,
    listen: readonly (Address | `${string}:0`)[],
  ) {
    for (const address of listen) this.listen(address)
  }

  listen(address: Address | `${string}:0`): void {
    this.env.links.listen(address, {
      listening: () => {},
      failed: (reason) => this.listenFailures.push(reason),
      accepted: (link) => this.#take(link),
    })
  }

  dial(address: string, timeoutMs = 5000): void {
    this.env.links.dial(address as Address, {
      service: 'control',
      timeoutMs,
      opened: (link) => this.#take(link),
      failed: (failure) => this.failures.push(failure),
    })
  }

  message(_link: Link, message: Message): void {
    if (message.type === 'ping') this.heard.push(message.sequence)
    this.onMessage(message)
  }
  drained(): void {
    this.drains++
  }
  closed(_link: Link, code: string, _reason: string, by: string): void {
    this.closings.push(`${code} ${by}`)
  }

  #take(link: Link): this {
    this.link = link
    link.promote('control')
    return this
  }
}

const boot = (env: SimEnv, setup: { readonly listen: readonly (Address | `${string}:0`)[] }): Toy =>
  new Toy(env, setup.listen)

function pair(options: Partial<WorldOptions<Toy>> = {}) {
  const world = new World<Toy>({ seed: 1, boot, ...options })
  const a = world.addPeer()
  const b = world.addPeer()
  world.run('10 ms')
  world.act(() => b.peer.dial(a.setup.listen[0] ?? '', 60_000))
  world.until(() => a.peer.link !== null && b.peer.link !== null, '60 s', 'the link')
  return { world, a, b }
}

const send = (toy: Toy, count: number, from = 0): void => {
  for (let sequence = from; sequence < from + count; sequence++) toy.link?.send({ type: 'ping', sequence })
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

test('messages arrive whole, once and in order, whatever is lost below', () => {
  for (let seed = 0; seed < 20; seed++) {
    const { world, a, b } = pair({ seed, loss: 0.3 })
    world.act(() => send(b.peer, 50))
    world.until(() => a.peer.heard.length === 50, '60 s', 'fifty messages')
    assert.deepEqual(a.peer.heard, numbers(50))
  }
})

test('the same seed gives the same hash, another seed another', () => {
  const hashes = [7, 7, 8].map((seed) => {
    const { world, a, b } = pair({ seed, loss: 0.1 })
    world.act(() => send(a.peer, 20))
    world.kill(b)
    world.run('5 s')
    return world.hash
  })
  assert.equal(hashes[0], hashes[1])
  assert.notEqual(hashes[0], hashes[2])
})

test('a partition silences a link, and what was sent meanwhile arrives after it healed', () => {
  const { world, a, b } = pair()
  world.partition([a], [b])
  world.act(() => send(b.peer, 10))
  world.run('30 s')
  assert.deepEqual(a.peer.heard, [])
  world.heal()
  world.run('2 s')
  assert.deepEqual(a.peer.heard, numbers(10))
})

test('a one-way cut lets the other direction through', () => {
  const { world, a, b } = pair()
  world.cutOneWay(a, b)
  world.act(() => {
    send(a.peer, 3)
    send(b.peer, 3)
  })
  world.run('5 s')
  assert.deepEqual([a.peer.heard.length, b.peer.heard.length], [3, 0])
})

test('a killed process is noticed at once, a machine without power is not', () => {
  for (const powerLost of [false, true]) {
    const { world, a, b } = pair()
    world.kill(a, powerLost)
    world.run('10 s')
    assert.deepEqual(b.peer.closings, powerLost ? [] : ['lost network'])
  }
})

test('a frozen peer runs late timers first when it wakes, then reads what waited', () => {
  const { world, a, b } = pair()
  const order: string[] = []
  a.peer.onMessage = () => order.push('message')
  world.act(() => void a.peer.env.after(200, () => order.push('timer')))
  world.freeze(a)
  world.act(() => send(b.peer, 1))
  world.run('1 s')
  assert.deepEqual(order, [])
  world.thaw(a)
  world.run('10 ms')
  assert.deepEqual(order, ['timer', 'message'])
})

test('a reader that does not read makes the writer full, and drained once it reads again', () => {
  const { world, a, b } = pair()
  world.freeze(a)
  const text = 'x'.repeat(200)
  let answer = ''
  let sent = 0
  world.act(() => {
    while (answer !== 'full') {
      const next = b.peer.link?.send({ type: 'chunkRefused', request: 0, reason: text.slice(0, 128) })
      if (next === undefined || sent++ > 10_000) throw new Error('never full')
      answer = next
    }
  })
  world.run('1 s')
  assert.equal(b.peer.drains, 0)
  assert.deepEqual(b.peer.closings, [])
})

test('a writer that goes on although the reader is full is cut off as slow', () => {
  const { world, a, b } = pair()
  world.freeze(a)
  world.act(() => send(b.peer, 60_000))
  world.run('1 s')
  assert.deepEqual(b.peer.closings, ['slow us'])
})

test('a drained link says so', () => {
  const { world, a, b } = pair()
  const ids = numbers(16).map((n) => n.toString(16).padStart(64, '0') as PeerId)
  let read = 0
  a.peer.onMessage = () => read++
  world.freeze(a)
  world.act(() => {
    for (const _ of numbers(450)) b.peer.link?.send({ type: 'ringUpdate', successors: ids, predecessors: ids })
  })
  world.run('1 s')
  assert.equal(b.peer.drains, 0)
  world.thaw(a)
  world.until(() => b.peer.drains === 1 && read === 450, '20 s', 'the drain')
})

test('a flood of frames is cut off by its receiver', () => {
  const { world, a, b } = pair()
  world.act(() => send(b.peer, 6000))
  world.run('2 s')
  assert.deepEqual(a.peer.closings, ['flood us'])
})

test('a message of the wrong phase closes the link and is remembered as a violation', () => {
  const { world, a, b } = pair()
  world.act(() => void b.peer.link?.send({ type: 'chunkRefused', request: 0, reason: '' }))
  world.run('1 s')
  assert.deepEqual(a.peer.closings, ['protocol us'])
  assert.deepEqual(b.peer.closings, ['protocol them'])
  assert.equal(world.network.violations.length, 1)
})

test('dialing fails in the way that fits', () => {
  const { world, a, b } = pair()
  world.freeze(a)
  world.act(() => {
    b.peer.dial('10.0.0.1:9')
    b.peer.dial('nowhere.example:9')
    b.peer.dial('10.0.9.9:9', 1000)
    b.peer.dial(a.setup.listen[0] ?? '', 2000)
  })
  world.run('5 s')
  assert.deepEqual(b.peer.failures.toSorted(), ['refused', 'timeout', 'timeout', 'unknown-host'])
})

test('a port is given once, and only addresses of the own machine', () => {
  const world = new World<Toy>({ seed: 1, boot })
  const a = world.addPeer({ listen: ['127.0.0.1:24000' as Address] })
  const b = world.addPeer({ host: a.host.name, listen: ['127.0.0.1:24000' as Address, '10.0.7.7:1' as Address] })
  const c = world.addPeer({ listen: ['127.0.0.1:24000' as Address] })
  world.run('1 s')
  assert.deepEqual(
    [a, b, c].map((node) => node.peer.listenFailures),
    [[], ['in-use', 'not-local'], []],
  )
  world.kill(a)
  world.act(() => b.peer.listen('127.0.0.1:24000' as Address))
  world.run('1 s')
  assert.deepEqual(b.peer.listenFailures, ['in-use', 'not-local'])
})

test('whatever the disk confirmed is there after a kill, and what is there is a prefix', () => {
  let lost = 0
  for (let seed = 0; seed < 60; seed++) {
    const world = new World<Toy>({ seed, boot, syncMs: 5 })
    const node = world.addPeer()
    let confirmed = 0
    let next = 0
    const { env } = node.peer
    const write = (): void => {
      env.store.write([{ put: 'meta', key: String(next++), value: new Uint8Array(1) }], () => confirmed++)
    }
    world.act(() => {
      for (const n of numbers(40)) env.after(n, write)
    })
    world.run(new Random(seed).between(5, 60))
    const written = [...node.peer.env.store.entries('meta')].length
    world.restart(node)
    const kept = [...node.peer.env.store.entries('meta')].map(([key]) => Number(key)).sort((x, y) => x - y)
    assert.ok(kept.length >= confirmed, `seed ${seed}: ${confirmed} confirmed, ${kept.length} kept`)
    assert.deepEqual(kept, numbers(kept.length))
    if (kept.length < written) lost++
  }
  assert.ok(lost > 10, `only ${lost} kills lost anything`)
})

test('clocks, randomness, timers and promises of the outer world throw inside a run', () => {
  const leaks: readonly (() => unknown)[] = [
    () => Date.now(),
    () => new Date(),
    () => Math.random(),
    () => performance.now(),
    () => setTimeout(() => {}, 1),
    () => queueMicrotask(() => {}),
    async () => {},
  ]
  for (const leak of leaks) assert.throws(() => withoutWorld(() => void leak()), LeakError)
  assert.equal(typeof Date.now(), 'number')
  assert.equal(new Date(5).getTime(), 5)
})

test.run()
