/** Which paths have something below them, as deep as it may lie: live versions, or what stands on the disk. */
import type { FolderPath } from '../folder-disk.js'
import { parentOf } from './path.js'

export class Below {
  /** Of a path: how many right below it count, by themselves or for what is below them. */
  readonly #counts = new Map<FolderPath, number>() // only where above 0
  readonly #isOwn: (path: FolderPath) => boolean

  /** `isOwn`: whether a path counts by itself, as of now. */
  constructor(isOwn: (path: FolderPath) => boolean) {
    this.#isOwn = isOwn
  }

  /** Paths that have something below them. */
  get size(): number {
    return this.#counts.size
  }

  has(path: FolderPath): boolean {
    return this.#counts.has(path)
  }

  /** This path counts by itself now, or no more: answers the paths above it for which `has` is another now. */
  changed(path: FolderPath, isOwn: boolean): readonly FolderPath[] {
    const flipped: FolderPath[] = []
    let child = path
    // what is below it counts anyway: nothing changes above
    if (this.has(child)) return flipped
    for (let above = parentOf(child); above !== null; above = parentOf(child)) {
      const count = (this.#counts.get(above) ?? 0) + (isOwn ? 1 : -1)
      if (count > 0) this.#counts.set(above, count)
      else this.#counts.delete(above)
      if (count !== (isOwn ? 1 : 0)) return flipped
      flipped.push(above)
      if (this.#isOwn(above)) return flipped
      child = above
    }
    return flipped
  }
}
