/**
 * Joins, departures, deaths, freezes, partitions, loss, bursts and messages out of order, all in every seed, and
 * datagrams lost, late, doubled, damaged and forged in four of five; afterwards there must be one ideal ring. Each
 * invariant is looked at after every event, and bugs planted from outside are found.
 */
import assert from 'node:assert'
import { test } from 'uvu'
import { Graveyard } from '../../src/ring/graveyard.js'
import { Stabiliser } from '../../src/ring/stabilise.js'
import { RingState } from '../../src/ring/state.js'
import { makeRingPlan } from './fuzz-plan.js'
import { EXPECTED, playRing, requiredOf } from './fuzz-play.js'

const SEEDS = 30
/** Within so many seeds from the first that is known to find it. */
const MOST_SEEDS = 10

test(`${SEEDS} seeds of everything at once end in one ideal ring with right lookups`, () => {
  const total = new Map<string, number>()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { counts } = play(seed)
    for (const [what, least] of Object.entries(requiredOf(makeRingPlan(seed))))
      assert((counts[what] ?? 0) >= least, `seed ${seed} has only ${counts[what] ?? 0} ${what}`)
    for (const [what, count] of Object.entries(counts)) total.set(what, (total.get(what) ?? 0) + count)
  }
  for (const what of EXPECTED) assert((total.get(what) ?? 0) > 0, `no ${what} in any seed`)
  console.log(`${SEEDS} seeds: ${[...total].map(([what, count]) => `${what} ${count}`).join(', ')}`)
})

test('the same seed runs the same way twice', () => {
  assert.deepEqual(play(7), play(7))
  assert.notEqual(play(8).hash, play(7).hash)
})

const shared = Object.getOwnPropertyDescriptor(RingState.prototype, 'shared')!

/** What a careless hand might leave out of the rules, and where that shows. */
const BUGS: readonly { readonly name: string; readonly from: number; readonly plant: () => () => void }[] = [
  {
    name: 'rectify left out',
    from: 25,
    plant: () => replaced(Stabiliser.prototype, 'rectify', () => {}),
  },
  {
    name: 'the buried are never asked again',
    from: 1,
    plant: () => {
      const restore = [
        replaced(Graveyard.prototype, 'lost', () => []),
        replaced(Graveyard.prototype, 'buried', () => []),
      ]
      return () => restore.forEach((undo) => void undo())
    },
  },
  {
    name: 'an isolated peer shares its guesses',
    from: 15,
    plant: () => {
      const get = function (this: RingState) {
        return { successors: this.successors.entries, predecessors: this.predecessors.entries }
      }
      Object.defineProperty(RingState.prototype, 'shared', { configurable: true, get })
      return () => Object.defineProperty(RingState.prototype, 'shared', shared)
    },
  },
  {
    name: 'a nearer successor is never asked',
    from: 1,
    plant: () => replaced(Stabiliser.prototype, 'consider', () => {}),
  },
]

for (const { name, from, plant } of BUGS)
  test(`found: ${name}`, () => {
    const [seed, found] = firstToFind(from, plant)
    console.log(`${name}: seed ${seed}: ${found.split('\n')[0]}`)
  })

function play(seed: number): ReturnType<typeof playRing> {
  try {
    return playRing(makeRingPlan(seed))
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

function firstToFind(from: number, plant: () => () => void): [seed: number, found: string] {
  const restore = plant()
  try {
    for (let seed = from; seed < from + MOST_SEEDS; seed++) {
      try {
        playRing(makeRingPlan(seed))
      } catch (error) {
        assert(error instanceof Error)
        return [seed, error.message]
      }
    }
  } finally {
    restore()
  }
  throw new Error(`not found in ${MOST_SEEDS} seeds from ${from} on`)
}

function replaced<T, K extends keyof T>(owner: T, name: K, stand: T[K]): () => void {
  const original = owner[name]
  owner[name] = stand
  return () => {
    owner[name] = original
  }
}

test.run()
