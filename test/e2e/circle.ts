/** The ring as its peers tell it, seen from outside: the neighbours of each against the circle of those that live. */
import assert from 'node:assert'
import type { RingView } from '../../src/api.js'

/** One that should be in the ring. */
export interface Placed {
  readonly id: string
  readonly name: string
  ring(): Promise<RingView>
}

/** More do not fit into the lists, which must be the whole circle here. */
const MOST = 17
const AGAIN_MS = 100

/** Waits until all of them at once tell one circle of exactly these; fails with what is wrong at whom. */
export async function oneCircle(members: readonly Placed[], deadlineMs: number): Promise<void> {
  assert.ok(members.length <= MOST, `at most ${MOST} fit`)
  for (const end = performance.now() + deadlineMs; ; ) {
    const wrong = (await Promise.all(members.map((member) => faults(member, members)))).flat()
    if (wrong.length === 0) return
    if (performance.now() > end)
      throw new Error(`waited ${deadlineMs} ms for a circle of ${members.length}; last:\n${wrong.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
}

async function faults({ id, name, ring }: Placed, members: readonly Placed[]): Promise<readonly string[]> {
  const circle = members.map((member) => member.id).sort()
  const place = circle.indexOf(id)
  const after = [...circle.slice(place + 1), ...circle.slice(0, place)]
  const { successors, predecessors } = await ring()
  const named = (ids: readonly string[]): string =>
    ids.map((one) => members.find((member) => member.id === one)?.name ?? one.slice(0, 8)).join(' ')
  const differs = (what: string, told: RingView['successors'], wanted: readonly string[]): readonly string[] => {
    const ids = told.map((peer) => peer.id)
    return ids.join() === wanted.join() ? [] : [`${name}: ${what} ${named(ids)}; not ${named(wanted)}`]
  }
  return [...differs('successors', successors, after), ...differs('predecessors', predecessors, after.toReversed())]
}
