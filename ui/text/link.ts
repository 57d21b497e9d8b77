/** The link of a file, as others may request it. */
import type { FileView } from '../../src/api.js'

export function linkOf({ id, name }: Pick<FileView, 'id' | 'name'>): string {
  // halves of pairs cannot be encoded, and no honest name has them
  return `p2p:${id}?name=${encodeURIComponent(name.replace(/\p{Cs}/gu, '?'))}`
}
