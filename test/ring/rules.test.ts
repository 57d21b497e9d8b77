/** Single rules that keep the ring safe: silence, blame, late clocks, acquittal. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { Mesh } from '../../src/mesh.js'
import { LinkLiveness } from '../../src/ring/liveness-link.js'
import { Ring } from '../../src/ring/ring.js'
import { Calls, type RingEnv } from '../../src/ring/rpc.js'
import type { Message } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'

const id = (digit: string) => digit.repeat(64) as PeerId
const [ONE, TWO, THREE, FOUR] = [id('1'), id('2'), id('3'), id('4')]

/** A clock that stands until it is moved, and a mesh that only writes down. */
class Bench {
  now = 0
  readonly sent: { readonly to: PeerId; readonly message: Message }[] = []
  readonly blamed: PeerId[] = []
  readonly #timers = new Set<{ readonly at: number; readonly fn: () => void }>()

  readonly env: RingEnv = {
    identity: { id: ONE, publicKey: new Uint8Array(32), name: 'one', bootNonce: new Uint8Array(8), startTime: 0 },
    now: () => this.now,
    after: (delayMs, fn) => {
      const timer = { at: this.now + delayMs, fn }
      this.#timers.add(timer)
      return () => this.#timers.delete(timer)
    },
    random: () => 0.5,
    log: () => {},
    datagrams: { send: () => null, onDatagram: () => {}, onRefused: () => {} },
  }

  readonly mesh: Mesh = {
    linked: () => [],
    isLinked: () => true,
    members: () => [],
    member: () => undefined,
    send: (to, message) => {
      this.sent.push({ to, message })
      return 'sent'
    },
    reach: () => assert.fail('everybody is linked'),
    openData: () => assert.fail('the ring opens no data links'),
    blame: (peer) => this.blamed.push(peer),
    claim: () => undefined,
  }

  /** Moves the clock at once, then fires what is due: as after a blocked event loop. */
  jump(ms: number): void {
    this.now += ms
    for (const timer of [...this.#timers].filter(({ at }) => at <= this.now)) {
      this.#timers.delete(timer)
      timer.fn()
    }
  }

  walk(ms: number): void {
    for (let step = 0; step < ms; step += 5) this.jump(5)
  }
}

test('a peer that has not started and one that has left are silent', () => {
  const bench = new Bench()
  const ring = new Ring(bench.env, bench.mesh, { keys: () => 0 })
  ring.receive(TWO, { type: 'ringPing', request: 1 })
  ring.receive(TWO, { type: 'ringStep', request: 2, key: THREE as Hash })
  ring.receive(TWO, { type: 'ringJoin', request: 3 })
  assert.deepEqual(bench.sent, [])
  ring.start()
  ring.receive(TWO, { type: 'ringPing', request: 4 })
  assert.deepEqual(bench.sent, [{ to: TWO, message: { type: 'ringPong', request: 4 } }])
  let left = false
  ring.leave(() => {
    left = true
  })
  ring.receive(TWO, { type: 'ringPing', request: 5 })
  bench.walk(2_000)
  assert(left)
  assert.equal(bench.sent.length, 1)
})

test('alone, a peer takes no list from somebody it did not let in', () => {
  const bench = new Bench()
  const ring = new Ring(bench.env, bench.mesh, { keys: () => 0 })
  ring.start()
  ring.receive(TWO, { type: 'ringUpdate', successors: [THREE, ONE], predecessors: [ONE] })
  assert.deepEqual(ring.view().successors, [])
  ring.receive(TWO, { type: 'ringUpdate', successors: [ONE], predecessors: [ONE] })
  assert.deepEqual(
    ring.view().successors.map((peer) => peer.id),
    [TWO],
  )
})

test('lists out of order, with repetition or with their owner end the link', () => {
  for (const successors of [[FOUR, THREE], [THREE, THREE], [TWO]]) {
    const bench = new Bench()
    const ring = new Ring(bench.env, bench.mesh, { keys: () => 0 })
    ring.start()
    ring.receive(TWO, { type: 'ringUpdate', successors, predecessors: [] })
    assert.deepEqual(bench.blamed, [TWO])
  }
  const bench = new Bench()
  const ring = new Ring(bench.env, bench.mesh, { keys: () => 0 })
  ring.start()
  ring.receive(TWO, { type: 'ringStabilise', request: 1, predecessors: [THREE, FOUR] })
  assert.deepEqual(bench.blamed, [TWO])
})

test('a timer that fires late is not counted as a miss', () => {
  const bench = new Bench()
  const calls = new Calls(bench.env, bench.mesh)
  const verdicts: boolean[] = []
  calls.ping(TWO, 1, (alive) => verdicts.push(alive))
  bench.jump(3_000)
  assert.deepEqual(verdicts, [])
  const [ping] = bench.sent
  assert(ping?.message.type === 'ringPing')
  calls.receive(TWO, { type: 'ringPong', request: ping.message.request })
  assert.deepEqual(verdicts, [true])
})

test('a question without answer ends in silence, each try with a number of its own', () => {
  const bench = new Bench()
  const calls = new Calls(bench.env, bench.mesh)
  const verdicts: boolean[] = []
  calls.ping(TWO, 3, (alive) => verdicts.push(alive))
  bench.walk(5_000)
  assert.deepEqual(verdicts, [false])
  const numbers = new Set(bench.sent.map(({ message }) => message.type === 'ringPing' && message.request))
  assert.equal(numbers.size, 3)
})

test('nobody can answer for another, nor with another kind of answer', () => {
  const bench = new Bench()
  const calls = new Calls(bench.env, bench.mesh)
  const verdicts: boolean[] = []
  calls.ping(TWO, 1, (alive) => verdicts.push(alive))
  const [ping] = bench.sent
  assert(ping?.message.type === 'ringPing')
  const { request } = ping.message
  calls.receive(THREE, { type: 'ringPong', request })
  calls.receive(TWO, { type: 'ringWelcome', request, accepted: false, successors: [], predecessors: [] })
  assert.deepEqual(verdicts, [])
  calls.receive(TWO, { type: 'ringPong', request })
  assert.deepEqual(verdicts, [true])
})

test('a suspect that is heard of is acquitted; new evidence counts again', () => {
  const verdicts: ((alive: boolean) => void)[] = []
  const dead: PeerId[] = []
  const liveness = new LinkLiveness((_peer, done) => verdicts.push(done))
  liveness.onDead = (peer) => dead.push(peer)
  liveness.suspect(TWO)
  liveness.heard(TWO)
  assert(liveness.isSuspect(TWO))
  verdicts[0]?.(false)
  assert.deepEqual(dead, [])
  liveness.suspect(TWO)
  liveness.heard(TWO)
  liveness.suspect(TWO)
  verdicts[1]?.(false)
  assert.deepEqual(dead, [TWO])
})

test.run()
