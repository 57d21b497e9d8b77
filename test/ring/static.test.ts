/** The tables that the bench computes without storing them are those that peers hold. */
import assert from 'node:assert'
import { test } from 'uvu'
import { CIRCLE, OURS, ringOf, StaticRing } from '../../bench/support/ring-static.js'
import { SLOTS } from '../../src/ring/finger-table.js'
import { route } from '../../src/ring/route.js'
import { RingState } from '../../src/ring/state.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { mulberry } from './mulberry.js'

const idOf = (place: number) => place.toString(16).padStart(13, '0').padEnd(64, '0') as PeerId & Hash

for (const count of [2, 5, 17, 18, 300])
  test(`a walk over ${count} computed tables asks the peers that a walk over real ones asks`, () => {
    const random = mulberry(count)
    const places = Float64Array.from({ length: count }, () => Math.floor(random() * CIRCLE)).sort()
    const ring = new StaticRing(ringOf(places))
    const states = [...places].map((place, index) => perfect(place, index, places, ring))
    for (let lookup = 0; lookup < 500; lookup++) {
      const from = Math.floor(random() * count)
      const key = lookup % 10 === 0 ? places[Math.floor(random() * count)]! : Math.floor(random() * CIRCLE)
      const computed: number[] = []
      const asked = ring.lookup(OURS, from, key, (peer) => computed.push(peer))
      const { path, owner } = walk(states, from, idOf(key))
      assert.deepEqual(
        computed.map((peer) => states[peer]!.self),
        path,
      )
      assert.equal(asked, path.length)
      assert.equal(owner, states[ring.owner(key)]!.self)
    }
  })

function perfect(place: number, index: number, places: Float64Array, ring: StaticRing): RingState {
  const count = places.length
  const state = new RingState(idOf(place), () => true)
  const after = Array.from({ length: Math.min(16, count - 1) }, (_, step) => idOf(places[(index + step + 1) % count]!))
  state.adoptSuccessors(after[0]!, after.slice(1))
  for (let slot = 0; slot < SLOTS; slot++) {
    const target = Number.parseInt(state.fingers.target(slot)!.slice(0, 13), 16)
    const owner = idOf(places[ring.owner(target)]!)
    if (owner !== state.self) state.fingers.set(slot, owner)
  }
  return state
}

function walk(states: readonly RingState[], from: number, key: Hash): { path: PeerId[]; owner: PeerId } {
  const path: PeerId[] = []
  for (let state = states[from]!; ; ) {
    const { kind, peers } = route(state, key)
    if (kind === 'owner') return { path, owner: peers[0]! }
    path.push(peers[0]!)
    state = states.find(({ self }) => self === peers[0])!
  }
}

test.run()
