/**
 * Open polls: any voter id counts once in a poll, whoever signed its ballot. Invariant: `counts` always equals what
 * counting `voters` would give; the chain applies and undoes ballots in pairs.
 */
import type { Hash } from '../../wire/types.js'
import type { TallyView } from '../api.js'
import type { Ballot } from './record.js'

interface Poll {
  /** Ballot id by voter; grows with the chain only. */
  readonly voters: Map<string, Hash>
  readonly counts: Map<string, number>
}

export class Tally {
  readonly #polls = new Map<string, Poll>()

  has(ballot: Ballot): boolean {
    return this.#polls.get(ballot.poll)?.voters.has(ballot.voter) ?? false
  }

  add(id: Hash, ballot: Ballot): void {
    const poll = this.#polls.get(ballot.poll) ?? { voters: new Map(), counts: new Map() }
    this.#polls.set(ballot.poll, poll)
    poll.voters.set(ballot.voter, id)
    poll.counts.set(ballot.choice, (poll.counts.get(ballot.choice) ?? 0) + 1)
  }

  remove(ballot: Ballot): void {
    const poll = this.#polls.get(ballot.poll)
    if (poll === undefined) return
    poll.voters.delete(ballot.voter)
    const left = (poll.counts.get(ballot.choice) ?? 0) - 1
    if (left > 0) poll.counts.set(ballot.choice, left)
    else poll.counts.delete(ballot.choice)
    if (poll.voters.size === 0) this.#polls.delete(ballot.poll)
  }

  /** Names of all polls with a ballot, sorted. */
  polls(): readonly string[] {
    return [...this.#polls.keys()].sort()
  }

  /** Most chosen first. An open poll never ends, so its tally is never final. */
  view(name: string, height: number): TallyView {
    const poll = this.#polls.get(name)
    const counts = [...(poll?.counts ?? [])].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    return {
      poll: name,
      height,
      final: false,
      total: poll?.voters.size ?? 0,
      choices: Object.fromEntries(counts),
    }
  }
}
