/**
 * Whole peers whose keys move all the time: every seed has at least fifty joins or leaves, a partition, a crash and a
 * freeze, and no acknowledged file is lost while one that holds it lives. `npm run sim -- ring` plays as many as one likes.
 */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { missing, partsOf } from './family.js'

const SEEDS = 10

test(`${SEEDS} seeds of comings and goings lose no file and end in one ideal ring`, () => {
  const part = partsOf('ring').find(({ label }) => label === 'whole peers')!
  const total = new Map<string, number>()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { counts } = part.play(seed)
    assert.equal(missing(part, seed, counts), null, `seed ${seed} tests too little`)
    for (const [what, count] of Object.entries(counts)) total.set(what, (total.get(what) ?? 0) + count)
  }
  console.log(`${SEEDS} seeds: ${[...total].map(([what, count]) => `${what} ${count}`).join(', ')}`)
  for (const what of part.expected) assert((total.get(what) ?? 0) > 0, `no ${what} in any seed`)
})

test.run()
