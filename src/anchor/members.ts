/**
 * The members of the network as one task knows them: admission told, or their link came in here. Who is linked is a
 * member whatever admission says, and while admission is dead everybody stays.
 */
import type { PeerEntry } from '../../wire/messages/membership.js'
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import { idOf } from '../membership/entry.js'
import type { Hello } from '../membership/greeting.js'
import type { PeerInfo } from '../mesh.js'

/** A fresh admission has this long to tell again whom it knows. */
const TELL_AGAIN_MS = 30_000
const MAX_MEMBERS = 10_000

interface Member {
  entry: PeerEntry | null
  /** Of the link with this task; null while there is none. */
  hello: Hello | null
  /** Told by the admission that runs now. */
  told: boolean
}

export interface MembersHooks {
  joined(peer: PeerInfo): void
  left(peer: PeerId, how: 'left' | 'lost'): void
  /** Other members, or something else is known of one. */
  changed(): void
}

export class Members {
  readonly #env: Pick<Env, 'after' | 'identity'>
  readonly #hooks: MembersHooks
  readonly #members = new Map<PeerId, Member>() // at most MAX_MEMBERS
  #stopWaiting: Cancel = () => {}

  constructor(env: Pick<Env, 'after' | 'identity'>, hooks: MembersHooks) {
    this.#env = env
    this.#hooks = hooks
  }

  get size(): number {
    return this.#members.size
  }

  *all(): Iterable<PeerInfo> {
    for (const peer of [...this.#members.keys()]) {
      const info = this.info(peer)
      if (info !== undefined) yield info
    }
  }

  info(peer: PeerId): PeerInfo | undefined {
    const { entry, hello } = this.#members.get(peer) ?? {}
    if (entry != null) {
      const { name, role, addresses, startTime, tasks } = entry
      return { id: peer, name, role, addresses, startTime, dedicated: tasks.length > 0, tasks }
    }
    if (hello == null) return undefined
    const { name, listen: addresses, startTime } = hello
    const role = addresses.length > 0 ? 'peer' : 'dial-out'
    return { id: peer, name, role, addresses, startTime, dedicated: false, tasks: [] }
  }

  /** From admission: members, as they last signed. */
  told(entries: readonly PeerEntry[]): void {
    for (const entry of entries) {
      const peer = idOf(entry.publicKey)
      if (peer !== this.#env.identity.id) this.#set(peer, { entry, told: true })
    }
  }

  /** From admission: members no more. */
  gone(peers: readonly PeerId[]): void {
    for (const peer of peers) {
      const member = this.#members.get(peer)
      if (member === undefined) continue
      member.told = false
      if (member.hello === null) this.#leave(peer, 'left')
    }
  }

  linked(peer: PeerId, hello: Hello): void {
    this.#set(peer, { hello })
  }

  unlinked(peer: PeerId): void {
    const member = this.#members.get(peer)
    if (member === undefined) return
    member.hello = null
    if (!member.told) this.#leave(peer, 'lost')
  }

  /** Admission began anew: whom it does not find again is gone. */
  admissionUp(): void {
    for (const member of this.#members.values()) member.told = false
    this.#stopWaiting()
    this.#stopWaiting = this.#env.after(TELL_AGAIN_MS, () => {
      for (const [peer, { told, hello }] of [...this.#members]) if (!told && hello === null) this.#leave(peer, 'lost')
    })
  }

  #set(peer: PeerId, change: Partial<Member>): void {
    const known = this.#members.get(peer)
    if (known === undefined && this.#members.size >= MAX_MEMBERS) return
    this.#members.set(peer, { entry: null, hello: null, told: false, ...known, ...change })
    this.#hooks.changed()
    const info = this.info(peer)
    if (known === undefined && info !== undefined) this.#hooks.joined(info)
  }

  #leave(peer: PeerId, how: 'left' | 'lost'): void {
    this.#members.delete(peer)
    this.#hooks.changed()
    this.#hooks.left(peer, how)
  }
}
