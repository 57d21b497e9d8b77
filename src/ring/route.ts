/**
 * One step of a lookup, answered from what we know: the owner of a key, or peers nearer to it.
 * Invariant: only the key's predecessor (or the owner itself) names the owner; everybody else names somebody strictly
 * between itself and the key, so a lookup always comes nearer. Chord, ToN 2003, figure 4.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import { between, clockwiseFrom } from './id.js'
import type { RingState } from './state.js'

/** Asked where the best one does not answer. One is a successor: those are watched, while all fingers may be dead. */
const ALTERNATIVES = 3

export interface Route {
  readonly kind: 'owner' | 'nearer' | 'none'
  /** 'owner': the owner and those after it. 'nearer': best first. */
  readonly peers: readonly PeerId[]
}

export function route(state: RingState, key: Hash): Route {
  const { self, successors } = state
  if (state.standing === 'alone') return { kind: 'owner', peers: [self] }
  if (state.standing !== 'member') return { kind: 'none', peers: [] }
  if (key === self) return { kind: 'owner', peers: [self, ...successors.entries] }
  const first = successors.first
  if (first === undefined) return { kind: 'none', peers: [] }
  if (key === first || between(self, key, first)) {
    return { kind: 'owner', peers: successors.wholeRing ? [...successors.entries, self] : successors.entries }
  }
  const watched = successors.entries.findLast((peer) => between(self, peer, key))
  const nearer = new Set<PeerId>(successors.entries.filter((peer) => between(self, peer, key)))
  for (const peer of state.fingers.peers()) if (between(self, peer, key)) nearer.add(peer)
  const best = [...nearer]
    .sort(clockwiseFrom(self))
    .reverse()
    .slice(0, 1 + ALTERNATIVES)
  if (watched !== undefined && !best.includes(watched)) best[ALTERNATIVES] = watched
  return { kind: 'nearer', peers: best }
}
