/**
 * Graceful leave: the leaver tells all its neighbours who comes in its place, so nobody has to notice anything.
 * Invariant: what a leaver says of others is a hint like any list: the buried stay buried, the rest must answer.
 */
import type { PeerId } from '../../wire/types.js'
import type { Calls, Named } from './rpc.js'
import type { RingState } from './state.js'
import type { NeighbourList } from './successor-list.js'

/** Says goodbye to everybody who has us in a list. */
export function sayGoodbye(state: RingState, calls: Calls): void {
  const farewell = { type: 'ringLeave', ...state.shared } as const
  const neighbours = new Set([...state.successors.entries, ...state.predecessors.entries])
  for (const peer of neighbours) calls.post(peer, farewell)
}

/** Puts the leaver's neighbours in its place; the caller has buried it and drops it from the lists afterwards. */
export function closeGap(state: RingState, leaver: PeerId, farewell: Named<'ringLeave'>): void {
  if (!state.connected) return
  const after = heirs(state, state.successors, leaver, farewell.successors)
  if (after !== undefined) state.adoptSuccessors(after.head, after.following)
  const before = heirs(state, state.predecessors, leaver, farewell.predecessors)
  if (before !== undefined) state.adoptPredecessors(before.head, before.following)
}

function heirs(state: RingState, list: NeighbourList, leaver: PeerId, itsList: readonly PeerId[]) {
  if (list.first !== leaver) return undefined
  const ourselves = itsList.indexOf(state.self)
  const [head, ...following] = itsList.slice(0, ourselves < 0 ? undefined : ourselves).filter(state.trusted)
  return head === undefined ? undefined : { head, following }
}
