/**
 * Version vectors: which edits of a path a version has seen, as the last counter of each author. Always ascending by author
 * and at most MAX_VECTOR long: of more, those with the highest counters stay, so that joining still gives one result in any
 * order. Source: Parker et al., Detection of Mutual Inconsistency in Distributed Systems, 1983.
 */
import { MAX_VECTOR } from '../../wire/messages/folder.js'
import type { PeerId } from '../../wire/types.js'
import type { Vector } from './entry.js'

type Counter = Vector[number]

/** How one version relates to another: `newer` has seen all that the other has, and more. */
export type Order = 'equal' | 'newer' | 'older' | 'concurrent'

export function compareVectors(a: Vector, b: Vector): Order {
  if (a === b) return 'equal'
  let ahead = false
  let behind = false
  for (const [left, right] of sideBySide(a, b)) {
    if (left > right) ahead = true
    if (left < right) behind = true
  }
  if (ahead) return behind ? 'concurrent' : 'newer'
  return behind ? 'older' : 'equal'
}

/** The least vector that has seen what either has. */
export function joinVectors(a: Vector, b: Vector): Vector {
  const joined: Counter[] = []
  for (const [left, right, peer] of sideBySide(a, b)) joined.push({ peer, counter: Math.max(left, right) })
  return trimmed(joined)
}

/** 0 where the author has none. */
export function counterOf(vector: Vector, peer: PeerId): number {
  return vector.find((item) => item.peer === peer)?.counter ?? 0
}

/** The vector of an edit by `peer` of what it saw. */
export function advance(vector: Vector, peer: PeerId, counter: number): Vector {
  return joinVectors(vector, [{ peer, counter }])
}

/** Whether it is ascending by author, each once. */
export function isAscending(vector: Vector): boolean {
  return vector.every((item, place) => place === 0 || (vector[place - 1]?.peer ?? '') < item.peer)
}

function* sideBySide(a: Vector, b: Vector): Iterable<readonly [left: number, right: number, peer: PeerId]> {
  let i = 0
  let j = 0
  for (;;) {
    const left = a[i]
    const right = b[j]
    if (left !== undefined && (right === undefined || left.peer <= right.peer)) {
      const both = right?.peer === left.peer
      yield [left.counter, both ? right.counter : 0, left.peer]
      i++
      if (both) j++
    } else if (right !== undefined) {
      yield [0, right.counter, right.peer]
      j++
    } else return
  }
}

function trimmed(counters: Counter[]): Vector {
  if (counters.length <= MAX_VECTOR) return counters
  const highest = counters.toSorted((a, b) => b.counter - a.counter || (a.peer < b.peer ? 1 : -1)).slice(0, MAX_VECTOR)
  return highest.sort((a, b) => (a.peer < b.peer ? -1 : 1))
}
