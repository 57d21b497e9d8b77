/**
 * Whether others can dial a peer. An anchor tries the addresses of whoever registered from another machine, and the
 * address where it sees it, and tells the result; a peer that no anchor can dial calls itself `dial-out`: it dials all
 * others, nobody dials it, and no duty depends on it.
 */
import type { CloseCode } from '../../wire/errors.js'
import type { PeerEntry, Role } from '../../wire/messages/membership.js'
import type { MembershipMessage } from '../../wire/messages.js'
import type { Address, PeerId } from '../../wire/types.js'
import type { Env, Link, LinkHandler } from '../env.js'
import { hostOf, isLoopback, portOf, toAddress } from './address.js'

const PROBE_MS = 3000
/** Nobody is called unreachable for ever: it may have been the network. */
const AGAIN_MS = 10_000
/** One observed address beside those of an entry. */
const MAX_PROBED = 9

export interface ReachabilityHooks {
  send(peer: PeerId, message: MembershipMessage): void
  entryOf(peer: PeerId): PeerEntry | undefined
  /** An anchor could dial us there. */
  reachableAt(address: Address): void
  /** The answer to `role` is another one now. */
  roleChanged(): void
}

export class Reachability {
  readonly #env: Pick<Env, 'links' | 'after'>
  readonly #hooks: ReachabilityHooks
  /** What was probed last and over which link it will be told, by linked peer. */
  readonly #probed = new Map<PeerId, { readonly link: Link; readonly key: string }>()
  /** What anchors found out about us, by linked anchor. */
  readonly #verdicts = new Map<PeerId, boolean>()

  constructor(env: Pick<Env, 'links' | 'after'>, hooks: ReachabilityHooks) {
    this.#env = env
    this.#hooks = hooks
  }

  /** As an anchor: tries to dial a peer that came in on this link. */
  check(link: Link, entry: PeerEntry): void {
    if (isLoopback(link.remote)) return
    const addresses = link.dialed ? [] : candidates(link, entry)
    const key = addresses.join(' ')
    const before = this.#probed.get(link.peer)
    // dialing it ourselves is proof enough; it only has to hear so where it was told otherwise
    if (before === undefined ? link.dialed : before.link === link && before.key === key) return
    const probe = { link, key }
    this.#probed.set(link.peer, probe)
    const reachable: Address[] = link.dialed ? [link.remote] : []
    let open = addresses.length
    const ready = (): void => {
      // a later probe, or one over the link that replaced this one, knows better
      if (open > 0 || this.#probed.get(link.peer) !== probe) return
      this.#hooks.send(link.peer, { type: 'observed', address: link.remote, reachable })
      if (reachable.length === 0) this.#checkAgain(link)
    }
    for (const address of addresses) {
      const finish = (reached: boolean): void => {
        if (reached) reachable.push(address)
        open--
        ready()
      }
      this.#probe(address, link.peer, finish)
    }
    ready()
  }

  /** As a peer: an anchor tells what it found. */
  observed(from: PeerId, reachable: readonly Address[]): void {
    const before = this.role()
    this.#verdicts.set(from, reachable.length > 0)
    for (const address of reachable) this.#hooks.reachableAt(address)
    if (this.role() !== before) this.#hooks.roleChanged()
  }

  linkDown(peer: PeerId): void {
    this.#probed.delete(peer)
    const before = this.role()
    this.#verdicts.delete(peer)
    if (this.role() !== before) this.#hooks.roleChanged()
  }

  role(): Exclude<Role, 'anchor'> {
    const verdicts = [...this.#verdicts.values()]
    return verdicts.length > 0 && !verdicts.includes(true) ? 'dial-out' : 'peer'
  }

  #checkAgain(link: Link): void {
    this.#env.after(AGAIN_MS, () => {
      const entry = this.#hooks.entryOf(link.peer)
      if (entry === undefined || this.#probed.get(link.peer)?.link !== link) return
      this.#probed.delete(link.peer)
      this.check(link, entry)
    })
  }

  #probe(address: Address, expect: PeerId, finish: (reached: boolean) => void): void {
    this.#env.links.dial(address, {
      service: 'control',
      expect,
      timeoutMs: PROBE_MS,
      opened: (link) => {
        link.close('normal', 'only looked whether this address works')
        finish(true)
        return ignore
      },
      failed: () => finish(false),
    })
  }
}

/** Handles a link that was closed as soon as it opened. */
export const ignore: LinkHandler = {
  message: () => {},
  drained: () => {},
  closed: (_link: Link, _code: CloseCode) => {},
}

/** What it claims, and the host that we see with the ports that it claims. */
function candidates(link: Link, entry: PeerEntry): readonly Address[] {
  const claimed = entry.addresses.filter((address) => !isLoopback(address))
  const seen = claimed.map((address) => toAddress(hostOf(link.remote), portOf(address)))
  return [...new Set([...claimed, ...seen.filter((address) => address !== undefined)])].slice(0, MAX_PROBED)
}
