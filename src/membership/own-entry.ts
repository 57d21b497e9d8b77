/**
 * What this peer says of itself, signed anew whenever it changes.
 * Invariant: each version has a higher (startTime, sequence) than all before, over restarts too.
 */
import type { PeerBody, PeerEntry, Role, TaskAddress } from '../../wire/messages/membership.js'
import type { Address, Hash } from '../../wire/types.js'
import type { Env } from '../env.js'
import { signEntry } from './entry.js'

export interface OwnEntryHooks {
  chain(): Hash
  role(): Role
  addresses(): readonly Address[]
  /** Of a dedicated anchor. */
  tasks(): readonly TaskAddress[]
  /** There is a new version: for the list, the disk and the others. */
  changed(entry: PeerEntry): void
}

export class OwnEntry {
  readonly #env: Pick<Env, 'identity' | 'sign'>
  readonly #hooks: OwnEntryHooks
  readonly #startTime: number
  #entry: PeerEntry | null = null

  constructor(env: Pick<Env, 'identity' | 'sign'>, startTime: number, hooks: OwnEntryHooks) {
    this.#env = env
    this.#startTime = startTime
    this.#hooks = hooks
  }

  get startTime(): number {
    return this.#startTime
  }

  /** This peer is a dedicated anchor. */
  get isDedicated(): boolean {
    return this.#hooks.tasks().length > 0
  }

  chain(): Hash {
    return this.#hooks.chain()
  }

  /** The newest version; role and addresses of this moment. */
  current(): PeerEntry {
    return this.#entry ?? this.#make('up')
  }

  /** Role or addresses may have changed. */
  refresh(): void {
    const before = this.#entry
    if (before?.state === 'left') return
    const same =
      before !== null &&
      before.role === this.#hooks.role() &&
      before.addresses.join(' ') === this.#hooks.addresses().join(' ')
    if (!same) this.#hooks.changed(this.#make('up'))
  }

  /** The last version: goodbye. */
  leave(): PeerEntry {
    return this.#make('left')
  }

  #make(state: PeerBody['state']): PeerEntry {
    const { publicKey, name } = this.#env.identity
    const entry = signEntry(this.#env, this.#hooks.chain(), {
      publicKey,
      name,
      startTime: this.#startTime,
      sequence: (this.#entry?.sequence ?? 0) + 1,
      role: this.#hooks.role(),
      state,
      addresses: this.#hooks.addresses(),
      tasks: this.#hooks.tasks(),
    })
    this.#entry = entry
    return entry
  }
}
