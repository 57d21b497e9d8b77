/**
 * The real Peer under seeded faults: a bounded number of seeds for every change; `npm run sim` plays as many as one has
 * patience for. Each test prints what really happened in it and fails if nothing did.
 */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { makePlan, type PlanName } from './plan.js'
import { play } from './scenario.js'

/** Plays the seeds 1 to `seeds`; each of `must` has to have happened in at least one. */
function playAll(name: PlanName, seeds: number, must: readonly string[]): void {
  const total = new Map<string, number>()
  let events = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const played = play(makePlan(name, seed))
    events += played.events
    for (const [what, count] of Object.entries(played.counts)) total.set(what, (total.get(what) ?? 0) + count)
  }
  const counts = [...total].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => `${what} ${count}`)
  console.log(`${name}: ${seeds} seeds, ${events} events; ${counts.join(', ')}`)
  for (const what of must) assert.ok((total.get(what) ?? 0) > 0, `no ${what} in any seed of ${name}`)
}

test('in a storm of faults nothing that was acknowledged is lost, and all agree once it is calm', () => {
  const faults = ['kills', 'restarts', 'blackouts', 'freezes', 'partitions', 'one-way', 'quits']
  const deeds = ['joins', 'votes', 'votes acknowledged', 'stores', 'stores acknowledged', 'requests done', 'lookups']
  const hostile = ['datagrams', 'datagrams forged', 'datagrams replayed', 'datagrams unknown']
  playAll('storm', 36, [...faults, ...deeds, ...hostile])
})

test('peers come, leave and die, and in a sound network no file is lost', () => {
  playAll('churn', 18, ['joins', 'quits', 'kills', 'destroyed', 'restarts', 'stores acknowledged', 'fetched'])
})

test('what was acknowledged right before the light went out is there when it is back', () => {
  playAll('power', 40, ['blackouts', 'kills', 'votes acknowledged', 'stores acknowledged'])
})

test('peers in a line pass on what they hear', () => {
  playAll('line', 10, ['cuts', 'votes acknowledged'])
})

test('every poll that ends is final for all, whoever made it and whatever clocks say', () => {
  playAll('polls', 24, ['kills', 'partitions', 'polls added', 'ballots added', 'ballots invalid'])
})

test.run()
