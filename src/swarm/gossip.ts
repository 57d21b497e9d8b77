/**
 * Spreads registers: new ones flood over all links (whoever learns one passes it on), and two peers that meet compare
 * digests of 256 buckets and fetch what differs, so that nothing missed stays missed.
 * Invariant: a register is passed on only after its signature was verified and it won over the one known before.
 */
import { MAX_REGISTERS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { SwarmMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import type { Mesh } from '../mesh.js'
import type { Names } from './names.js'
import type { Post } from './post.js'
import type { Register, SignedRegister } from './register.js'
import type { Vetting } from './vetting.js'

const PAGE_TIMEOUT_MS = 5_000
const MAX_PAGES = 512
const COMPARE_EVERY_MS = 30_000

export interface GossipParts {
  readonly env: Env
  readonly mesh: Mesh
  readonly post: Post
  readonly names: Names
  readonly vetting: Vetting
}

export class Gossip {
  readonly #parts: GossipParts
  /** False: what is to be known comes by another way, and is passed on by others. */
  readonly #overLinks: boolean
  readonly #fetching = new Set<PeerId>() // at most one per link

  constructor(parts: GossipParts, overLinks: boolean) {
    this.#parts = parts
    this.#overLinks = overLinks
    if (overLinks) this.#compareLater()
  }

  /** Registers that this peer did not know before; some may replace older ones. */
  onLearned: (registers: readonly Register[], from: PeerId) => void = () => {}

  /** True while the first comparison with some peer is under way. */
  get busy(): boolean {
    return this.#fetching.size > 0
  }

  linkUp(peer: PeerId): void {
    if (this.#overLinks) this.#fetch(peer, '', 0)
  }

  linkDown(peer: PeerId): void {
    this.#fetching.delete(peer)
  }

  /** Tells every linked peer but the one that it came from. */
  spread(registers: readonly Register[], except?: PeerId): void {
    if (!this.#overLinks) return
    const { mesh } = this.#parts
    const message: SwarmMessage = { type: 'nameNews', registers: registers.map(({ signed }) => signed) }
    for (const peer of [...mesh.linked()]) if (peer !== except) mesh.send(peer, message)
  }

  receive(from: PeerId, message: Extract<SwarmMessage, { type: 'nameNews' | 'nameListGet' }>): void {
    if (message.type === 'nameNews') {
      this.learn(from, message.registers)
      return
    }
    const { registers, next } = this.#parts.names.page(message.digests, message.after, MAX_REGISTERS_PER_MESSAGE)
    const { request } = message
    this.#parts.mesh.send(from, { type: 'nameList', request, registers: registers.map(({ signed }) => signed), next })
  }

  /** Verifies and merges; what was news here is passed on. */
  learn(from: PeerId, signed: readonly SignedRegister[]): void {
    const { names, vetting } = this.#parts
    vetting.registers(
      from,
      signed,
      (register) => names.knows(register),
      (good) => {
        const news = good.filter((register) => names.merge(register, false) === 'new')
        if (news.length === 0) return
        this.spread(news, from)
        this.onLearned(news, from)
      },
    )
  }

  #fetch(peer: PeerId, after: string, page: number): void {
    const { names, post } = this.#parts
    const digests = names.digests()
    if (page === 0) this.#fetching.add(peer)
    post.ask(
      peer,
      'nameList',
      (request) => ({ type: 'nameListGet', request, digests, after }),
      PAGE_TIMEOUT_MS,
      (list) => {
        if (list !== null) this.learn(peer, list.registers)
        const next = list?.next ?? null
        if (next !== null && next > after && page < MAX_PAGES) this.#fetch(peer, next, page + 1)
        else this.#fetching.delete(peer)
      },
    )
  }

  /** Now and then with one peer by chance: what a flood lost is found again. */
  #compareLater(): void {
    const { env, mesh } = this.#parts
    env.after(COMPARE_EVERY_MS * (0.5 + env.random()), () => {
      const peers = [...mesh.linked()]
      const peer = peers[Math.floor(env.random() * peers.length)]
      if (peer !== undefined && !this.#fetching.has(peer)) this.#fetch(peer, '', 0)
      this.#compareLater()
    })
  }
}
