/** What decides which files a peer keeps for others: ring duty, or a task of a dedicated anchor. */
import type { KEEP_REFUSALS } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Register } from './register.js'

export interface Keep {
  /** Whether peers rely on this one for registers and manifests: only then it acknowledges them. */
  readonly lists: boolean
  /** Reviews everything shortly; many calls make one review. */
  reviewSoon(delayMs?: number): void
  /** Reviews one name now. */
  review(register: Register): void
  /** A peer asks us to keep a file; false where its manifest is still to be asked for. */
  asked(id: Hash, from: PeerId): boolean
  /** A manifest is being verified: no need to ask for it. */
  expect(id: Hash): void
  /** A register came with its manifest, or says that the name is removed. */
  arrived(register: Register, from: PeerId): void
  /** That peer does not keep a file that we asked it to keep. */
  refused(id: Hash, from: PeerId, reason: (typeof KEEP_REFUSALS)[number]): void
  /** Who is to know what we hold of a name. */
  audience(register: Pick<Register, 'name' | 'publisher'>): readonly PeerId[]
  /** Keepers of a stored name that lack a copy, if `without` were not there. */
  lacking(register: Register, without?: PeerId): readonly PeerId[]
  /** Asks these peers for copies, whether or not they were asked lately. */
  askNow(register: Register, keepers: readonly PeerId[]): void
  /** This peer has more room than before. */
  roomCame(): void
  /** That peer may have forgotten what it was asked. */
  forgetful(peer: PeerId): void
}
