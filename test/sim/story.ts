/** What happens to a world while its plan is played, and what its users were told: the steps write, the checks read. */
import type { PeerApi } from '../../src/api.js'
import { hasContent } from './files.js'
import type { Acknowledged, PeerNode } from './invariants.js'
import type { Plan } from './plan.js'
import { InvariantError, type World } from './world.js'

export interface Offer {
  readonly name: string
  readonly seed: number
  readonly size: number
}

export class Story implements Acknowledged {
  votes: Acknowledged['votes'][number][] = []
  files: Acknowledged['files'][number][] = []
  /** Every poll that somebody tried to register, none of a name that another has. */
  readonly polls: string[] = []
  /** Every file that somebody tried to store. */
  readonly offers: Offer[] = []
  /** Machines that never come back. */
  readonly destroyed = new Set<PeerNode>()
  /** When a peer was started or ended without a goodbye last. */
  troubleAt = 0
  readonly #counts = new Map<string, number>()

  constructor(
    readonly world: World<PeerApi>,
    readonly plan: Plan,
  ) {}

  count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times)
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** Stops the play. */
  fail(what: string): never {
    throw new InvariantError(`seed ${this.plan.seed}: ${what}`)
  }

  /** What arrived must be what was stored. */
  sameContent(node: PeerNode, target: string, { name, size, seed }: Offer): void {
    const got = node.files.files.get(target)
    if (got === undefined || !hasContent(got, size, seed)) this.fail(`${name} arrived at ${node.name} with other bytes`)
  }
}
