/** Asks peers who holds which chunks of a file. What a peer says of itself is remembered; what it says of others is a hint. */
import type { HolderFields } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { fitsFile } from './holders.js'
import type { Parts } from './parts.js'

const TIMEOUT_MS = 3_000
const NOTHING = new Uint8Array(0)

export interface Sought {
  /** Each holder that somebody named. */
  found(holder: HolderFields): void
  /** A peer spoke for itself. */
  heard?(peer: PeerId): void
}

export function seek(
  { env, mesh, post, names, holders }: Pick<Parts, 'env' | 'mesh' | 'post' | 'names' | 'holders'>,
  { id, chunkCount }: { readonly id: Hash; readonly chunkCount: number },
  peers: Iterable<PeerId>,
  { found, heard }: Sought,
): void {
  for (const peer of peers) {
    if (peer === env.identity.id || (!mesh.isLinked(peer) && mesh.member(peer) === undefined)) continue
    const question = (request: number) => ({ type: 'holdersGet', request, manifest: id }) as const
    post.ask(peer, 'holdersAre', question, TIMEOUT_MS, (answer) => {
      if (answer === null) return
      const good = answer.holders.filter((holder) => fitsFile(holder, chunkCount))
      const own = good.find((holder) => holder.peer === peer)
      if (names.byManifest(id) !== undefined) {
        if (own !== undefined) holders.note(id, peer, own.state, own.chunks, chunkCount, own.kept)
        else if (holders.kept(id, peer).length > 0) holders.note(id, peer, 'listed', NOTHING, chunkCount)
      }
      for (const holder of good) if (!holders.isDemoted(id, holder.peer)) found(holder)
      heard?.(peer)
    })
  }
}
