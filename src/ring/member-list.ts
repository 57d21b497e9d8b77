/**
 * The complete list of ring members as membership knows it, in ring order: who owns a key needs no lookup then.
 * Invariant: `owners` agrees on all peers that know the same members; those that the ring found dead are left out at
 * once, those that others cannot dial never count.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { Mesh, PeerInfo } from '../mesh.js'

const MAX_NAMES = 1_024

export interface MemberListOptions {
  readonly self: PeerId
  /** Whether we ourselves can be dialed and so are of the ring. */
  readonly inRing: () => boolean
  readonly buried: (peer: PeerId) => boolean
}

export class MemberList {
  readonly #mesh: Mesh
  readonly #options: MemberListOptions
  readonly #names = new Map<PeerId, string>() // at most MAX_NAMES, kept for the farewell of those who left
  #sorted: readonly PeerId[] | undefined

  constructor(mesh: Mesh, options: MemberListOptions) {
    this.#mesh = mesh
    this.#options = options
  }

  /** Forget the order: somebody came, left, died, rose or changed its role. */
  invalidate(): void {
    this.#sorted = undefined
  }

  /** All ring members in ascending order, ourselves included where due. */
  all(): readonly PeerId[] {
    if (this.#sorted === undefined) {
      const members: PeerId[] = this.#options.inRing() ? [this.#options.self] : []
      for (const info of this.#mesh.members())
        if (mayJoin(info) && !this.#options.buried(info.id) && info.id !== this.#options.self) members.push(info.id)
      this.#sorted = members.sort((a, b) => (a < b ? -1 : 1))
    }
    return this.#sorted
  }

  /** Everybody but ourselves. */
  others(): readonly PeerId[] {
    return this.all().filter((peer) => peer !== this.#options.self)
  }

  /** The first member at or clockwise after the key and those that follow it. */
  owners(key: Hash, count: number): readonly PeerId[] {
    const members = this.all()
    const start = firstAtOrAfter(members, key)
    return [...members.slice(start), ...members.slice(0, start)].slice(0, Math.max(0, count))
  }

  /** The member right after ourselves. */
  following(): PeerId | undefined {
    const [first, second] = this.owners(this.#options.self, 2)
    return first === this.#options.self ? second : first
  }

  /** False only for peers known not to be of the ring. */
  readonly eligible = (peer: PeerId): boolean => {
    const info = this.#mesh.member(peer)
    return info === undefined || mayJoin(info)
  }

  /** Known to be a member that may be of the ring. */
  isEligible(peer: PeerId): boolean {
    const info = this.#mesh.member(peer)
    return info !== undefined && mayJoin(info)
  }

  /** Those of them that a control link is open with. */
  linked(): readonly PeerId[] {
    return [...this.#mesh.linked()].filter((peer) => this.isEligible(peer))
  }

  /** What to call a peer, also after it left. */
  nameOf(peer: PeerId): string {
    return this.#mesh.member(peer)?.name ?? this.#names.get(peer) ?? peer.slice(0, 8)
  }

  remember(info: PeerInfo): void {
    this.#names.delete(info.id)
    this.#names.set(info.id, info.name)
    for (const oldest of this.#names.keys()) {
      if (this.#names.size <= MAX_NAMES) break
      this.#names.delete(oldest)
    }
  }
}

/** Peers that nobody can dial hold nothing and answer nobody; dedicated anchors have other work. */
function mayJoin(info: PeerInfo): boolean {
  return info.role !== 'dial-out' && !info.dedicated
}

function firstAtOrAfter(sorted: readonly PeerId[], key: Hash): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? key) < key) low = middle + 1
    else high = middle
  }
  return low
}
