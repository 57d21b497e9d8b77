/**
 * The three tasks of a dedicated anchor, each a core of its own in a process of its own with its own tables: `admission`
 * (connection requests, the peer list, the chain), `manifests` (names, manifests, who holds which chunk), `files`
 * (copies under a quota). This is what a process needs to know of the core that it runs.
 */

import type { PeerEntry } from '../../wire/messages/membership.js'
import type { SwarmMessage } from '../../wire/messages.js'
import type { Address, PeerId } from '../../wire/types.js'
import type { PeerApi } from '../api.js'

export const TASKS = ['admission', 'manifests', 'files'] as const
export type Task = (typeof TASKS)[number]

/** Where each task of this anchor listens; the first address of a list is the best one. */
export type TaskAddresses = Readonly<Record<Task, readonly Address[]>>

/** What one task tells another of the same anchor. */
export type SiblingMessage =
  /** From admission: everybody who is a member now, as last signed; sent whole to a sibling that comes up. */
  | { readonly kind: 'members'; readonly entries: readonly PeerEntry[] }
  /** From admission: these are members no more. */
  | { readonly kind: 'left'; readonly peers: readonly PeerId[] }
  /** A message of a peer (or of the task itself, where `from` is the anchor's id) that the other task must know of, too. */
  | { readonly kind: 'relay'; readonly from: PeerId; readonly message: SwarmMessage }
  /** From manifests: how many names there are. */
  | { readonly kind: 'names'; readonly count: number }
  /** From files: what its copies take, and how many transfers move. */
  | { readonly kind: 'copies'; readonly bytes: number; readonly transfers: number }

/** Figures of a task; `served` since its process began. */
export interface TaskCounts {
  readonly served: number
  /** What waits to be done. */
  readonly queued: number
  /** What it knows of: members of the network (admission), names (manifests), copies (files). */
  readonly known: number
}

export interface TaskHooks {
  tell(to: Task, message: SiblingMessage): void
  /** Something visible changed. */
  changed(): void
}

/** What commands may ask of a task. */
export type TaskApi = Partial<PeerApi>

/** One task: built over an Env, driven by its process. */
export interface TaskCore {
  readonly api: TaskApi
  /** Opens its listeners; an error says what to do next. */
  start(done: (error: string | null) => void): void
  heard(from: Task, message: SiblingMessage): void
  /** The process of that task has just begun and knows nothing. */
  siblingUp(task: Task): void
  counts(): TaskCounts
  /** Says its goodbyes; `done` within a second. */
  quit(done: () => void): void
}
