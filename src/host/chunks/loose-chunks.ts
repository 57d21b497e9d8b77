/** The loose chunks of all files that are spread over the network: a folder each, opened when first needed. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OperationalError } from '../../../wire/errors.js'
import type { Hash } from '../../../wire/types.js'
import type { Bitmap, Layout, LooseChunks } from '../../env.js'
import { faultText } from '../durable.js'
import type { CopyOptions } from './copy.js'
import { layoutFault } from './layout.js'
import { LooseFolder } from './loose-folder.js'

export interface LooseOptions {
  readonly folder: string
  /** Runs it after what was begun before on the same blob. */
  inTurn(blob: Hash, action: () => Promise<void>): void
  wholeOf(blob: Hash): CopyOptions['from'] | undefined
  copy(part: CopyOptions['part'], from: CopyOptions['from'], chunks: Bitmap, done: (error: string | null) => void): void
}

export class HostLooseChunks implements LooseChunks {
  onLost: (blob: Hash, index: number | null, reason: string) => void = () => {}

  readonly #options: LooseOptions
  readonly #folders = new Map<Hash, LooseFolder>() // grows with what the core opens; the core caps it

  constructor(options: LooseOptions) {
    this.#options = options
  }

  /** The open folder of a blob. */
  of(blob: Hash): LooseFolder | undefined {
    return this.#folders.get(blob)
  }

  open(
    blob: Hash,
    layout: Layout,
    done: (result: { readonly have: Bitmap } | { readonly error: string }) => void,
  ): void {
    this.#options.inTurn(blob, async () => {
      done(
        await this.#open(blob, layout).then(
          ({ have }) => ({ have }),
          (error: unknown) => ({ error: faultText(error) }),
        ),
      )
    })
  }

  copy(blob: Hash, chunks: Bitmap, done: (error: string | null) => void): void {
    const folder = this.of(blob)
    const from = this.#options.wholeOf(blob)
    if (folder !== undefined && from !== undefined) this.#options.copy(folder, from, chunks, done)
    else setImmediate(() => done('there is no whole copy of this file here'))
  }

  sync(blob: Hash, done: (have: Bitmap) => void): void {
    const folder = this.of(blob)
    if (folder === undefined) {
      setImmediate(() => done(new Uint8Array(0)))
      return
    }
    folder.sync().then(
      () => done(folder.have),
      (error: unknown) => {
        if (!folder.closed) this.unwritable(blob, faultText(error))
        done(folder.have)
      },
    )
  }

  drop(blob: Hash, chunks: Bitmap | null, done: () => void): void {
    this.#options.inTurn(blob, async () => {
      await this.#drop(blob, chunks).catch((error: unknown) => {
        this.onLost(blob, null, `cannot remove chunks in ${this.#pathOf(blob)}: ${faultText(error)}`)
      })
      done()
    })
  }

  /** A chunk that cannot be read is deleted: it is fetched again. One that was dropped meanwhile is no loss. */
  unreadable(blob: Hash, index: number, reason: string): void {
    const folder = this.of(blob)
    if (!folder?.holds(index)) return
    const gone = folder.forget(index)
    this.#options.inTurn(blob, () =>
      gone.catch((error: unknown) => this.onLost(blob, null, `cannot remove it: ${faultText(error)}`)),
    )
    this.onLost(blob, index, reason)
  }

  unwritable(blob: Hash, reason: string): void {
    this.onLost(blob, null, `cannot write ${this.#pathOf(blob)}: ${reason}`)
  }

  /** Makes everything that was fetched durable. */
  async close(): Promise<void> {
    for (const [blob, folder] of this.#folders) {
      await folder.sync().catch((error: unknown) => this.unwritable(blob, faultText(error)))
      await folder.close()
    }
    this.#folders.clear()
  }

  async #open(blob: Hash, layout: Layout): Promise<LooseFolder> {
    const fault = layoutFault(layout)
    if (fault !== null) throw new OperationalError(`chunks of this file cannot be kept: ${fault}`)
    const folder = this.of(blob) ?? (await LooseFolder.open(this.#pathOf(blob), layout))
    this.#folders.set(blob, folder)
    return folder
  }

  async #drop(blob: Hash, chunks: Bitmap | null): Promise<void> {
    const folder = this.of(blob)
    if (chunks !== null) {
      await folder?.drop(chunks)
      return
    }
    this.#folders.delete(blob)
    await folder?.close()
    await rm(this.#pathOf(blob), { recursive: true, force: true })
  }

  #pathOf(blob: Hash): string {
    return join(this.#options.folder, blob)
  }
}
