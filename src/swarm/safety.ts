/**
 * Whether what a name means now is kept well enough for an older version to go. Peers that keep chunks do not see all
 * copies themselves: they ask the name's keepers, who are told of all.
 */
import type { Hash } from '../../wire/types.js'
import type { Keeper } from './keeper.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'

const ASK_MS = 3_000
const ASK_AGAIN_MS = 5_000
/** Where nobody who can be asked sees enough copies: then what was asked about for so long counts as kept. */
const PATIENCE_MS = 3_600_000
const MAX_NOTES = 4_096

export class Safety {
  readonly #parts: Parts
  readonly #keeper: Keeper
  readonly #known = new Set<Hash>() // manifests, at most MAX_NOTES
  /** By our own clock: the time in a register is its publisher's word. */
  readonly #asked = new Map<Hash, { readonly first: number; readonly last: number }>() // at most MAX_NOTES

  constructor(parts: Parts, keeper: Keeper) {
    this.#parts = parts
    this.#keeper = keeper
  }

  /** A keeper answered: ask again whether it is safe. */
  onKnown: (id: Hash) => void = () => {}

  isSafe(register: Register): boolean {
    const { manifest: id, keeping } = register
    const { env, roster } = this.#parts
    if (id === null || keeping === 'served' || this.#known.has(id)) return true
    if (env.now() - (this.#asked.get(id)?.first ?? env.now()) > PATIENCE_MS) return true
    if (roster.keepers(register.name).includes(env.identity.id)) this.#counted(register, id, this.#keeper.countOf(id))
    if (!this.#known.has(id)) this.#ask(register, id)
    return this.#known.has(id)
  }

  #ask(register: Register, id: Hash): void {
    const { env, roster, post } = this.#parts
    const before = this.#asked.get(id)
    if (before !== undefined && before.last + ASK_AGAIN_MS > env.now()) return
    if (before === undefined && this.#asked.size >= MAX_NOTES) this.#asked.clear()
    this.#asked.set(id, { first: before?.first ?? env.now(), last: env.now() })
    for (const keeper of roster.keepers(register.name)) {
      if (keeper === env.identity.id) continue
      const question = (request: number) => ({ type: 'countsGet', request, manifests: [id] }) as const
      post.ask(keeper, 'countsAre', question, ASK_MS, (answer) => this.#counted(register, id, answer?.counts[0] ?? 0))
    }
  }

  /** One more than a store is acknowledged for: the publisher's own file is among those counted. */
  #counted(register: Register, id: Hash, count: number): void {
    const { roster, mesh } = this.#parts
    const members = [...mesh.members()].length + 1
    if (this.#known.has(id) || count < Math.min(roster.enough(register.name) + 1, roster.replicas, members)) return
    if (this.#known.size >= MAX_NOTES) this.#known.clear()
    this.#known.add(id)
    this.onKnown(id)
  }
}
