/**
 * Headers first: follows one peer's claim of more work, in memory, until its headers prove or disprove it. Invariants:
 * nothing is stored; at most MAX_BRANCH headers are held; every one of them is fully checked in its branch.
 */
import type { CloseCode } from '../../wire/errors.js'
import { MAX_HEADERS, MAX_LOCATOR } from '../../wire/messages/ledger.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import type { Claim, Mesh } from '../mesh.js'
import type { Chain } from './chain.js'
import { decodeHeader, headerHash } from './header.js'
import type { Node } from './node.js'

/** What a branch may hold in memory; a longer chain is followed in several rounds. */
export const MAX_BRANCH = 65_536
const ANSWER_MS = 10_000

export type SearchResult =
  | { readonly kind: 'heavier'; readonly branch: readonly Node[] }
  /** Nothing to gain from this peer now, and nothing to blame it for. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'broken'; readonly code: CloseCode; readonly reason: string }

export class HeaderSearch {
  readonly peer: PeerId
  readonly claim: Claim
  readonly #env: Pick<Env, 'after' | 'wallTime'>
  readonly #mesh: Pick<Mesh, 'send'>
  readonly #chain: Chain
  readonly #done: (result: SearchResult) => void
  readonly #locator: readonly Hash[]
  /** At most MAX_BRANCH, the first on top of a block of ours. */
  readonly #branch: Node[] = []
  /** Where a next header may attach. */
  #last: Node | null = null
  #asked = 0
  #cancelTimer: Cancel = () => {}

  constructor(
    env: Pick<Env, 'after' | 'wallTime'>,
    mesh: Pick<Mesh, 'send'>,
    chain: Chain,
    goal: { readonly peer: PeerId; readonly claim: Claim },
    done: (result: SearchResult) => void,
  ) {
    this.#env = env
    this.#mesh = mesh
    this.#chain = chain
    this.peer = goal.peer
    this.claim = goal.claim
    this.#done = done
    this.#locator = chain.locator()
    this.#ask(this.#locator)
  }

  get height(): number {
    return this.#last?.height ?? 0
  }

  cancel(): void {
    this.#cancelTimer()
  }

  receive(headers: readonly Uint8Array[]): void {
    this.#cancelTimer()
    for (const encoded of headers) {
      const outcome = this.#append(encoded)
      if (outcome === 'early') {
        this.#finish(true)
        return
      }
      if (outcome !== 'ok') {
        this.#done({ kind: 'broken', code: 'protocol', reason: `header ${outcome}` })
        return
      }
    }
    const last = this.#last
    const more = headers.length === MAX_HEADERS && this.#branch.length + MAX_HEADERS <= MAX_BRANCH
    if (!more || last === null) {
      this.#finish(headers.length === MAX_HEADERS)
      return
    }
    this.#ask([last.hash, ...this.#locator].slice(0, MAX_LOCATOR))
  }

  /** 'ok', 'early' (dated too far ahead), or what is wrong with it. */
  #append(encoded: Uint8Array): string {
    const { previous } = decodeHeader(encoded)
    if (this.#last?.hash !== previous) {
      // the peer's chain changed between two answers: begin again where it attaches
      const parent = this.#chain.node(previous)
      if (parent === undefined) return 'does not connect'
      this.#branch.length = 0
      this.#last = parent
    }
    const parent = this.#last
    if (parent === null) return 'does not connect'
    const known = this.#chain.node(headerHash(encoded))
    if (known !== undefined && this.#branch.length === 0) {
      this.#last = known
      return 'ok'
    }
    const checked = this.#chain.check(encoded, parent, this.#env.wallTime())
    if (checked.kind !== 'ok') return checked.kind === 'early' ? 'early' : checked.reason
    this.#branch.push(checked.node)
    this.#last = checked.node
    return 'ok'
  }

  /** `cut`: the peer's chain goes on beyond what we took. */
  #finish(cut: boolean): void {
    const reached = this.#last?.work ?? 0n
    if (!cut && reached < this.claim.work && this.claim.work > this.#chain.tip.work) {
      this.#done({ kind: 'broken', code: 'protocol', reason: 'claimed more work than its headers have' })
    } else if (this.#branch.length > 0 && reached > this.#chain.tip.work) {
      this.#done({ kind: 'heavier', branch: this.#branch })
    } else if (cut && this.#branch.length + MAX_HEADERS > MAX_BRANCH) {
      this.#done({ kind: 'broken', code: 'protocol', reason: `no more work than ours in ${MAX_BRANCH} headers` })
    } else this.#done({ kind: 'nothing' })
  }

  #ask(locator: readonly Hash[]): void {
    // twice what an honest peer needs: its chain may change while we ask
    if (++this.#asked > (2 * MAX_BRANCH) / MAX_HEADERS) {
      this.#done({ kind: 'broken', code: 'protocol', reason: 'headers without end' })
      return
    }
    this.#mesh.send(this.peer, { type: 'getHeaders', locator })
    this.#cancelTimer = this.#env.after(ANSWER_MS, () => {
      this.#done({ kind: 'broken', code: 'timeout', reason: 'claimed more work and sent no headers' })
    })
  }
}
