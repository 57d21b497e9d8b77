/** Who owns a key, read off the list of all peers. */
import type { Hash, PeerId } from '../../wire/types.js'

/** `sorted`: all ids in ascending order, at least one. */
export function ownerOf(key: Hash, sorted: readonly PeerId[]): PeerId {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < key) low = middle + 1
    else high = middle
  }
  return sorted[low % sorted.length]!
}
