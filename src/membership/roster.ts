/**
 * Who is a member now. A peer is one as soon as its link is up (or as soon as a list names it, where no link is to be
 * had), suspect when its last link is lost or the ring finds it dead, and gone after a goodbye, by both together, or two
 * seconds without a new link or a sign of life. Invariants:
 * protocols hear joined, up, down, left in this order; what was lost comes back only by a link or by an entry that its
 * subject signed later, never by an old list.
 */
import type { PeerEntry, Role } from '../../wire/messages/membership.js'
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import type { PeerInfo, Protocol } from '../mesh.js'
import { compareBoots, type Hello, TASKS_CAPABILITY } from './greeting.js'

/** From the loss of the last link, or the ring's verdict, to `lost`. */
export const SUSPECT_MS = 2000
/** A timer this late means that we slept: whoever wants to come back gets the time again. */
const LATE_MS = 250
/** Peers heard of and not forgotten. */
const MAX_CONTACTS = 10_000

export type Standing = 'candidate' | 'member' | 'gone'

interface Contact {
  standing: Standing
  hello: Hello | null
  /** Runs while the peer is suspect. */
  suspicion: Cancel | null
  /** By the ring, though its link stands. */
  foundDead: boolean
  /** Of the entry that was current when it went: older ones say nothing. */
  end: Pick<PeerEntry, 'startTime' | 'sequence'> | null
  how: 'left' | 'lost' | null
  /** Cut off at the user's wish, here or there, until one of both asks again. */
  dismissed: boolean
  /** Wall time at which it became a member; null while it is none. */
  since: number | null
}

export interface RosterHooks {
  protocols(): readonly Protocol[]
  entryOf(peer: PeerId): PeerEntry | undefined
  isLinked(peer: PeerId): boolean
  /** A task of that dedicated anchor is linked: it is there, though admission may not be. */
  isHeld(peer: PeerId): boolean
  /** Whether we would keep a link with that peer and have an address to dial. */
  isWanted(peer: PeerId): boolean
  /** It is a member no more. */
  gone(peer: PeerId, how: 'left' | 'lost'): void
  /** For how long nothing came over its link. */
  silentMs(peer: PeerId): number
  /** Closes its link, which is dead. */
  unlink(peer: PeerId): void
  changed(): void
}

export class Roster {
  readonly #env: Pick<Env, 'now' | 'wallTime' | 'after' | 'identity'>
  readonly #hooks: RosterHooks
  readonly #contacts = new Map<PeerId, Contact>() // at most MAX_CONTACTS
  #active = 0

  constructor(env: Pick<Env, 'now' | 'wallTime' | 'after' | 'identity'>, hooks: RosterHooks) {
    this.#env = env
    this.#hooks = hooks
  }

  // ---- what happens

  up(peer: PeerId, hello: Hello): void {
    const contact = this.#contactOf(peer)
    const rebooted = contact.hello !== null && compareBoots(contact.hello, hello) !== 0
    if (contact.standing === 'member' && rebooted && !this.#hooks.isHeld(peer)) this.#leave(peer, contact, 'lost')
    contact.hello = hello
    contact.dismissed = false
    this.#trust(contact)
    this.#join(peer, contact)
    for (const protocol of this.#hooks.protocols()) protocol.linkUp(peer)
  }

  /** The last link is gone. `apart`: closed on purpose though both stay members. */
  down(peer: PeerId, why: 'lost' | 'left' | 'apart' | 'rebooted'): void {
    for (const protocol of this.#hooks.protocols()) protocol.linkDown(peer)
    const contact = this.#contacts.get(peer)
    if (contact === undefined || contact.standing !== 'member') return
    if (why === 'left') this.#leave(peer, contact, 'left')
    else if (why === 'rebooted' && !this.#hooks.isHeld(peer)) this.#leave(peer, contact, 'lost')
    else if (why === 'lost' && contact.foundDead) this.#leave(peer, contact, 'lost')
    else if (why !== 'apart') this.#suspect(peer, contact)
  }

  /** The last task link of a dedicated anchor is gone: without a control link it is there no more. */
  released(peer: PeerId): void {
    const contact = this.#contacts.get(peer)
    if (contact?.standing !== 'member' || contact.suspicion !== null || this.#hooks.isLinked(peer)) return
    this.#suspect(peer, contact)
  }

  /** The ring found it dead: gone if its link was lost, suspect if its link stands. */
  foundDead(peer: PeerId): void {
    const contact = this.#contacts.get(peer)
    if (contact?.standing !== 'member' || contact.foundDead) return
    if (this.#hooks.isLinked(peer)) this.#suspect(peer, contact, true)
    // one without a link that was not lost may only be too busy for another one
    else if (contact.suspicion !== null) this.#leave(peer, contact, 'lost')
  }

  /** The ring heard of it again. */
  foundAlive(peer: PeerId): void {
    const contact = this.#contacts.get(peer)
    if (contact?.foundDead !== true) return
    this.#trust(contact)
    this.#hooks.changed()
  }

  /** A verified entry of that peer is in the list. */
  listed(peer: PeerId, entry: PeerEntry): void {
    if (peer === this.#env.identity.id) return
    if (entry.state === 'left') {
      this.departed(peer, entry)
      return
    }
    if (this.#isOutdated(peer, entry)) return
    const contact = this.#contactOf(peer)
    if (contact.dismissed || contact.standing === 'member') return
    if (contact.end !== null && !isLater(entry, contact.end)) return
    // Where a link is to be had, only a link makes a member: a list may be older than a death.
    if (this.#hooks.isWanted(peer)) this.#stand(contact, 'candidate')
    else this.#join(peer, contact)
  }

  /** It said goodbye with this entry, to us or to somebody who told us. */
  departed(peer: PeerId, entry: PeerEntry): void {
    const contact = this.#contacts.get(peer)
    if (contact === undefined || contact.standing === 'gone' || this.#isOutdated(peer, entry)) return
    this.#leave(peer, contact, 'left')
  }

  /** Neither linked nor to be reached. */
  unreachable(peer: PeerId): void {
    const contact = this.#contacts.get(peer)
    if (contact?.standing !== 'member' || contact.suspicion !== null || this.#isThere(peer)) return
    this.#leave(peer, contact, 'lost')
  }

  /** It is there, though no link with it is to be had now. */
  present(peer: PeerId): void {
    const contact = this.#contacts.get(peer)
    if (contact?.standing === 'candidate') this.#join(peer, contact)
  }

  /** The user, here or there, wants no link until one of both asks. */
  dismiss(peer: PeerId): void {
    const contact = this.#contactOf(peer)
    contact.dismissed = true
    if (contact.standing !== 'gone') this.#leave(peer, contact, 'left')
  }

  /** Nobody here ever met it, and its entry is gone. */
  forget(peer: PeerId): void {
    const contact = this.#contacts.get(peer)
    if (contact === undefined || contact.dismissed || this.#hooks.isLinked(peer)) return
    const wasMember = contact.standing === 'member'
    this.#trust(contact)
    this.#stand(contact, 'gone')
    this.#contacts.delete(peer)
    if (wasMember) for (const protocol of this.#hooks.protocols()) protocol.memberLeft(peer, 'lost')
    this.#hooks.changed()
  }

  /** The user asks for that peer again. */
  welcome(peer: PeerId): void {
    const contact = this.#contacts.get(peer)
    if (contact !== undefined) contact.dismissed = false
  }

  // ---- what is known

  /** Members and candidates. */
  get active(): number {
    return this.#active
  }

  *members(): Iterable<PeerId> {
    for (const [peer, { standing }] of this.#contacts) if (standing === 'member') yield peer
  }

  candidates(): readonly PeerId[] {
    return [...this.#contacts].filter(([, { standing }]) => standing === 'candidate').map(([peer]) => peer)
  }

  /** Members, candidates and those that were lost. */
  known(): Iterable<PeerId> {
    return this.#contacts.keys()
  }

  standing(peer: PeerId): Standing | undefined {
    return this.#contacts.get(peer)?.standing
  }

  isMember(peer: PeerId): boolean {
    return this.#contacts.get(peer)?.standing === 'member'
  }

  isSuspect(peer: PeerId): boolean {
    return this.#contacts.get(peer)?.suspicion != null
  }

  isDismissed(peer: PeerId): boolean {
    return this.#contacts.get(peer)?.dismissed === true
  }

  wasLost(peer: PeerId): boolean {
    return this.#contacts.get(peer)?.how === 'lost'
  }

  /** Since when it is a member: a link that comes back in time does not change that. */
  since(peer: PeerId): number | null {
    return this.#contacts.get(peer)?.since ?? null
  }

  /** What its hello called its program; '' before. */
  software(peer: PeerId): string {
    return this.#contacts.get(peer)?.hello?.software ?? ''
  }

  info(peer: PeerId): PeerInfo | undefined {
    const hello = this.#contacts.get(peer)?.hello ?? null
    const entry = this.#hooks.entryOf(peer)
    if (entry !== undefined && (hello === null || entry.startTime >= hello.startTime)) {
      const { name, role, addresses, startTime, tasks } = entry
      return { id: peer, name, role, addresses, startTime, dedicated: tasks.length > 0, tasks }
    }
    if (hello === null) return undefined
    const { name, listen: addresses, startTime } = hello
    const dedicated = hello.capabilities.includes(TASKS_CAPABILITY)
    const role: Role = dedicated ? 'anchor' : addresses.length > 0 ? 'peer' : 'dial-out'
    return { id: peer, name, role, addresses, startTime, dedicated, tasks: [] }
  }

  // ---- changes of standing

  #join(peer: PeerId, contact: Contact): void {
    contact.end = null
    contact.how = null
    if (contact.standing === 'member') return
    this.#stand(contact, 'member')
    const info = this.info(peer)
    if (info !== undefined) for (const protocol of this.#hooks.protocols()) protocol.memberJoined(info)
    this.#hooks.changed()
  }

  #leave(peer: PeerId, contact: Contact, how: 'left' | 'lost'): void {
    const wasMember = contact.standing === 'member'
    const { startTime, sequence } = this.#hooks.entryOf(peer) ?? {
      startTime: contact.hello?.startTime ?? 0,
      sequence: 0,
    }
    this.#trust(contact)
    this.#stand(contact, 'gone')
    contact.end = { startTime, sequence }
    contact.how = how
    if (wasMember) for (const protocol of this.#hooks.protocols()) protocol.memberLeft(peer, how)
    if (wasMember) this.#hooks.gone(peer, how)
    this.#hooks.changed()
  }

  #suspect(peer: PeerId, contact: Contact, foundDead = false): void {
    this.#trust(contact)
    contact.foundDead = foundDead
    const due = this.#env.now() + SUSPECT_MS
    contact.suspicion = this.#env.after(SUSPECT_MS, () => {
      contact.suspicion = null
      if (this.#hooks.isHeld(peer)) this.#hooks.changed()
      else if (this.#env.now() - due > LATE_MS) this.#suspect(peer, contact, contact.foundDead)
      else if (!contact.foundDead) this.#leave(peer, contact, 'lost')
      // the ring may err about who answers its link
      else if (this.#hooks.silentMs(peer) < SUSPECT_MS) this.foundAlive(peer)
      else this.#hooks.unlink(peer)
    })
    this.#hooks.changed()
  }

  #isThere(peer: PeerId): boolean {
    return this.#hooks.isLinked(peer) || this.#hooks.isHeld(peer)
  }

  #stand(contact: Contact, standing: Standing): void {
    this.#active += Number(standing !== 'gone') - Number(contact.standing !== 'gone')
    contact.standing = standing
    if (standing !== 'member') contact.since = null
    else contact.since ??= this.#env.wallTime()
  }

  #trust(contact: Contact): void {
    contact.suspicion?.()
    contact.suspicion = null
    contact.foundDead = false
  }

  /** Of an earlier run than the one that we talked to. */
  #isOutdated(peer: PeerId, entry: PeerEntry): boolean {
    const startTime = this.#contacts.get(peer)?.hello?.startTime
    return startTime !== undefined && entry.startTime < startTime
  }

  #contactOf(peer: PeerId): Contact {
    let contact = this.#contacts.get(peer)
    if (contact === undefined) {
      if (this.#contacts.size >= MAX_CONTACTS) this.#forgetOne()
      contact = newContact()
      this.#contacts.set(peer, contact)
    }
    return contact
  }

  /** The one that went first. */
  #forgetOne(): void {
    for (const [peer, contact] of this.#contacts) {
      if (contact.standing === 'member') continue
      this.#stand(contact, 'gone')
      this.#contacts.delete(peer)
      return
    }
  }
}

const newContact = (): Contact => ({
  standing: 'gone',
  hello: null,
  suspicion: null,
  foundDead: false,
  end: null,
  how: null,
  dismissed: false,
  since: null,
})

function isLater(entry: PeerEntry, end: Pick<PeerEntry, 'startTime' | 'sequence'>): boolean {
  if (entry.startTime !== end.startTime) return entry.startTime > end.startTime
  return entry.sequence > end.sequence
}
