/** What a user asks for: from a name to a file on the disk, with news on the way. */
import { type Done, done, type OnProgress, type RequestedView, type RequestOptions } from '../api.js'
import type { Cancel } from '../env.js'
import type { Fetches } from './fetches.js'
import type { Lookup } from './lookup.js'
import type { Manifest } from './manifest.js'
import type { Parts } from './parts.js'

const PROGRESS_MS = 200

export class Requests {
  readonly #parts: Parts
  readonly #lookup: Lookup
  readonly #fetches: Fetches
  readonly #changed: () => void

  constructor(parts: Parts, lookup: Lookup, fetches: Fetches, changed: () => void) {
    this.#parts = parts
    this.#lookup = lookup
    this.#fetches = fetches
    this.#changed = changed
  }

  /** Fetches a name, `name@publisher` or link to a file. */
  request(what: string, options: RequestOptions, progress: OnProgress, answer: Done<RequestedView>): Cancel {
    let open = true
    let cancel: Cancel = () => {}
    const settle: Done<RequestedView> = (result) => {
      if (open) answer(result)
      open = false
    }
    this.#lookup.resolve(what, (found) => {
      if (!open) return
      if (!found.ok) {
        this.#parts.said.say('info', found.message)
        settle(found)
        return
      }
      cancel = this.#fetch(found.value, options, progress, settle, () => open)
    })
    return () => {
      open = false
      cancel()
    }
  }

  #fetch(
    manifest: Manifest,
    { target, force = false }: RequestOptions,
    progress: OnProgress,
    settle: Done<RequestedView>,
    open: () => boolean,
  ): Cancel {
    const { id, name, layout } = manifest
    const { said } = this.#parts
    said.say('info', `Request for file ${name} sent to its holders`)
    const cancel = this.#fetches.request(manifest, target, force, (result) => {
      stop()
      this.#changed()
      if (!result.ok) return settle(result)
      said.say('info', `File ${name} received`)
      settle(done({ name, size: layout.size, hash: id, ...result.value }))
    })
    const show = () => {
      const view = this.#fetches.of(id)?.view
      if (!open()) return
      if (view !== undefined) {
        const from = view.peers === 0 ? '' : ` from ${view.peers} ${view.peers === 1 ? 'peer' : 'peers'}`
        const text = view.reason === '' ? `${name}${from}` : `${name}: ${view.reason}`
        progress({ text, done: view.done, total: view.total, unit: 'bytes' })
        this.#changed()
      }
      stop = this.#parts.env.after(PROGRESS_MS, show)
    }
    let stop: Cancel = this.#parts.env.after(0, show)
    return cancel
  }
}
