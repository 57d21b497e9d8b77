/** The state machine of one watched neighbour, on a clock moved by hand. */
import assert from 'node:assert'
import { test } from 'uvu'
import { Watch } from '../../src/ring/liveness-watch.js'
import { DATAGRAM_BOUNDS, DEADLY_TRIES, RoundTrips } from '../../src/ring/rtt.js'
import type { PeerId } from '../../wire/types.js'

const REST_MS = 500
const TIMEOUT_MS = 60
const PATIENCE_MS = 300
/** From the first ping that stays away to the suspicion. */
const MISSED_MS = Array.from({ length: DEADLY_TRIES }, (_, miss) => TIMEOUT_MS * 1.3 ** miss).reduce((a, b) => a + b)

class Bench {
  now = 0
  route = true
  sequence = 0
  readonly pings: number[] = []
  readonly measured: number[] = []
  readonly missed: number[] = []
  readonly probes: ((alive: boolean) => void)[] = []
  asked = 0
  heartbeats = 0
  changes = 0
  dead = 0
  readonly #timers = new Set<{ readonly at: number; readonly fn: () => void }>()
  readonly watch: Watch

  constructor() {
    const env = {
      now: () => this.now,
      after: (delayMs: number, fn: () => void) => {
        const timer = { at: this.now + delayMs, fn }
        this.#timers.add(timer)
        return () => void this.#timers.delete(timer)
      },
    }
    this.watch = new Watch(env, {
      ping: () => {
        if (!this.route) return null
        this.pings.push(++this.sequence)
        return this.sequence
      },
      timeoutMs: () => TIMEOUT_MS,
      patienceMs: () => PATIENCE_MS,
      restMs: () => REST_MS,
      askOthers: () => this.asked++,
      probe: (done) => this.probes.push(done),
      heartbeat: () => this.heartbeats++,
      missed: (misses) => this.missed.push(misses),
      measured: (ms) => this.measured.push(ms),
      changed: () => this.changes++,
      dead: () => this.dead++,
    })
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
    for (let step = 0; step < ms; step++) this.jump(1)
  }

  /** Answers the newest ping. */
  ack(): void {
    assert(this.watch.acked(this.sequence))
  }

  get last(): number {
    return this.pings.at(-1) ?? 0
  }
}

/** Answered once, so that datagrams are known to pass. */
function proven(): Bench {
  const bench = new Bench()
  bench.walk(1)
  bench.ack()
  return bench
}

test('pings at its pace, and each ack measures its own ping', () => {
  const bench = proven()
  for (let cycle = 0; cycle < 5; cycle++) {
    bench.walk(REST_MS)
    bench.walk(7)
    bench.ack()
  }
  assert.equal(bench.pings.length, 6)
  assert.deepEqual(bench.measured.slice(1), [7, 7, 7, 7, 7])
  assert.deepEqual([bench.changes, bench.heartbeats, bench.dead], [0, 0, 0])
})

test('a silent peer is asked again at once, five times with growing patience, then suspected, then dead', () => {
  const bench = proven()
  bench.walk(REST_MS)
  const began = bench.now
  const times: number[] = []
  let pings = bench.pings.length
  while (bench.dead === 0 && bench.now < began + 5_000) {
    bench.walk(1)
    if (bench.pings.length > pings) times.push(bench.now - began)
    pings = bench.pings.length
    if (bench.watch.isSuspect) assert.equal(bench.asked, 1)
  }
  const expected = [60, 138, 239.4, 371.2].map(Math.ceil)
  assert.equal(times.length, expected.length)
  for (const [place, at] of times.entries())
    assert(Math.abs(at - expected[place]!) <= 2, `re-ping ${place} after ${at}`)
  const took = bench.now - began
  assert(Math.abs(took - MISSED_MS - PATIENCE_MS) <= 6, `dead after ${took}`)
  assert.equal(bench.probes.length, 1)
  assert.deepEqual(bench.missed, [1, 2, 3, 4], 'each miss but the last is told')
})

test('an ack of any try of this cycle, even a late one, acquits; one of an earlier cycle or never sent does not', () => {
  const bench = proven()
  const earlier = bench.last
  bench.walk(REST_MS + MISSED_MS + 20)
  assert(bench.watch.isSuspect)
  for (const sequence of [earlier, bench.last + 1, 0, 999]) assert(!bench.watch.acked(sequence), `number ${sequence}`)
  assert(bench.watch.isSuspect, 'nothing that was forged or repeated counts')
  assert(bench.watch.acked(earlier + 1), 'the first try of this cycle')
  assert(!bench.watch.isSuspect)
  assert(!bench.watch.acked(earlier + 1), 'each counts once')
  bench.walk(REST_MS - 10)
  assert.equal(bench.dead, 0)
  assert.equal(bench.changes, 2)
})

test('an ack that belongs to the cycle before does not count in this one', () => {
  const bench = proven()
  bench.walk(REST_MS + TIMEOUT_MS + 5)
  const missed = bench.last - 1
  bench.ack()
  bench.walk(REST_MS + MISSED_MS + 20)
  assert(bench.watch.isSuspect)
  assert(!bench.watch.acked(missed))
  assert(bench.watch.isSuspect)
})

test('a fresh ping of its own acquits a suspect, and spares us a ping', () => {
  const bench = proven()
  bench.walk(REST_MS + MISSED_MS + 20)
  bench.watch.pinged()
  assert(!bench.watch.isSuspect)
  const pings = bench.pings.length
  for (let cycle = 0; cycle < 5; cycle++) {
    bench.walk(REST_MS - 50)
    bench.watch.pinged()
  }
  assert.equal(bench.pings.length, pings)
  bench.walk(REST_MS)
  assert.equal(bench.pings.length, pings + 1)
})

test('whom others reach is not dead, but is asked on and on', () => {
  const bench = proven()
  bench.walk(REST_MS)
  for (let cycle = 0; cycle < 3; cycle++) {
    bench.walk(MISSED_MS + 20)
    assert(bench.watch.isSuspect)
    bench.watch.vouched()
    bench.walk(PATIENCE_MS + 5)
    assert(!bench.watch.isSuspect)
    bench.walk(REST_MS)
  }
  assert.deepEqual([bench.dead, bench.asked], [0, 3])
  bench.walk(MISSED_MS + PATIENCE_MS + 20)
  assert.equal(bench.dead, 1, 'a vouch holds for its suspicion only')
})

test('where the link answers and datagrams do not, heartbeats go over the link, until an ack comes', () => {
  const bench = proven()
  bench.walk(REST_MS + MISSED_MS + 20)
  bench.probes[0]?.(true)
  assert(!bench.watch.isSuspect && !bench.watch.isVouched)
  const pings = bench.pings.length
  bench.walk(16 * REST_MS + 10)
  assert(Math.abs(bench.heartbeats - 16) <= 1, `${bench.heartbeats} heartbeats`)
  const tried = bench.pings.length - pings
  assert(tried >= 1 && tried <= 3, `${tried} datagrams in 16 periods`)
  bench.ack()
  assert(bench.watch.isVouched)
  const { heartbeats } = bench
  bench.walk(REST_MS)
  bench.ack()
  assert.equal(bench.heartbeats, heartbeats)
})

test('where datagrams never worked nobody is suspected for it', () => {
  const bench = new Bench()
  bench.walk(10 * REST_MS)
  assert.deepEqual([bench.changes, bench.dead, bench.asked], [0, 0, 0])
  assert(bench.heartbeats >= 9)
})

test('without a way for datagrams the link decides at once', () => {
  const bench = proven()
  bench.route = false
  assert.equal(bench.watch.doubt(), false)
  bench.walk(REST_MS + 1)
  assert.equal(bench.heartbeats, 1)
  bench.route = true
  bench.watch.linkUp()
  bench.ack()
  assert(bench.watch.isVouched)
})

test('a link that closes ends the wait for an ack that cannot come: the link decides at once', () => {
  const bench = proven()
  bench.walk(REST_MS + 1)
  assert(bench.watch.doubt(), 'a ping is out')
  bench.route = false
  bench.watch.linkDown()
  assert.equal(bench.watch.doubt(), false)
  assert.deepEqual([bench.missed.length, bench.dead], [0, 0])
})

test('evidence against a peer makes it be asked at once, and no more', () => {
  const bench = proven()
  const pings = bench.pings.length
  assert.equal(bench.watch.doubt(), true)
  assert.equal(bench.pings.length, pings + 1)
  for (let again = 0; again < 20; again++) bench.watch.doubt()
  assert.equal(bench.pings.length, pings + 1)
  bench.ack()
  assert.deepEqual([bench.dead, bench.changes], [0, 0])
})

test('a timer that fires late is armed again: a blocked event loop kills nobody', () => {
  const bench = proven()
  for (let block = 0; block < 15; block++) {
    bench.walk(REST_MS)
    const { last } = bench
    bench.jump(700) // our own loop was blocked while the ack lay in the socket
    assert.equal(bench.last, last, 'the late timer was not counted')
    bench.ack()
  }
  assert.deepEqual([bench.dead, bench.changes], [0, 0])
})

test('the timeout follows the round trips between its floor and its ceiling', () => {
  const peer = 'a'.repeat(64) as PeerId
  const trips = new RoundTrips(DATAGRAM_BOUNDS)
  assert.equal(trips.timeoutMs(peer), 180)
  for (let sample = 0; sample < 20; sample++) trips.measured(peer, 0.5)
  assert.equal(trips.timeoutMs(peer), 60)
  for (let sample = 0; sample < 60; sample++) trips.measured(peer, 100)
  const near = trips.timeoutMs(peer)
  assert(near >= 100 && near < 140, `${near} for steady 100 ms`)
  for (let sample = 0; sample < 60; sample++) trips.measured(peer, sample % 2 === 0 ? 5 : 400)
  assert.equal(trips.timeoutMs(peer), 3 * trips.smoothedMs(peer)!)
})

test.run()
