/** Opens and closes the folder for the index: at most one `WatchedFolder` at a time, which tells what is different. */

import { assertNever } from '../../../wire/errors.js'
import { pathFault } from '../../folder/path.js'
import { type FolderPath, IGNORED, ONE_FILE } from '../../folder-disk.js'
import { errorText } from '../error-text.js'
import { type Hold, takeHold } from './marker.js'
import type { Root } from './root.js'
import { Rules } from './rules.js'
import type { States } from './states.js'
import { type ScanReport, type ScanRequest, unpackStates } from './thread-messages.js'
import { plainWatch, type Watch } from './watch.js'
import { PAUSE_MS, WatchedFolder } from './watched-folder.js'

export interface ScannerOptions {
  /** Absolute: the folder, or the one file that is shared. */
  readonly path: string
  /** Of the lock. */
  readonly nonce: string
  readonly states: States
  readonly send: (report: ScanReport) => void
  /** The folder is ours, and about to be scanned. Throws what the disk says: then it is not opened. */
  readonly taken?: (root: Root) => void
  readonly watch?: Watch
  /** At least this between two scans of all. */
  readonly pauseMs?: number
}

interface Opened {
  readonly session: number
  readonly hold: Hold
  readonly rules: Rules
  readonly folder: WatchedFolder
}

export class Scanner {
  readonly #options: ScannerOptions
  /** Of the session that comes next. */
  #known: Extract<ScanRequest, { readonly kind: 'known' }>[] = []
  #opened: Opened | null = null

  constructor(options: ScannerOptions) {
    this.#options = options
  }

  /** Where the folder is; null while it is not open: nothing may be written then. */
  get root(): Root | null {
    return this.#opened?.hold.root ?? null
  }

  /** Why the folder cannot be written to now (the marker is gone, the disk is another one, it is not open); null where it can. */
  fault(): string | null {
    return this.#opened === null ? 'it is not open' : this.#opened.hold.fault()
  }

  /** Why this path is not shared here whatever stands there (ignored, reserved, …); null where it is. */
  skips(path: FolderPath, isDirectory: boolean): string | null {
    if (this.#opened === null) return 'the folder is not open'
    const { hold, rules } = this.#opened
    const fault = pathFault(path)
    if (fault !== null) return fault
    if (hold.root.isOutside(path)) return ONE_FILE
    return rules.ignores(path, isDirectory) ? IGNORED : null
  }

  /** Something was changed here on behalf of the user: look at it soon, as after an event. */
  touch(path: FolderPath): void {
    this.#opened?.folder.touch(path)
  }

  carryOut(request: ScanRequest): void {
    switch (request.kind) {
      case 'known':
        if (request.session !== this.#known[0]?.session) this.#known = []
        this.#known.push(request)
        return
      case 'open':
        this.#close()
        this.#open(request)
        return
      case 'close':
        this.#close()
        this.#options.send({ kind: 'closed', session: request.session })
        return
      case 'rescan':
        this.#opened?.folder.rescan()
        return
      case 'taken':
        if (request.session === this.#opened?.session) this.#opened.folder.taken()
        return
      default:
        assertNever(request)
    }
  }

  #open({ session, marker, adopt }: Extract<ScanRequest, { readonly kind: 'open' }>): void {
    const { path, nonce, states, send } = this.#options
    const known = this.#known.filter((part) => part.session === session)
    this.#known = []
    const hold = takeHold({ path, nonce, marker, adopt, isEmpty: known.length === 0 })
    if ('error' in hold) {
      send({ kind: 'opened', session, opening: hold })
      return
    }
    const rules = new Rules()
    try {
      rules.load(hold.root)
      this.#options.taken?.(hold.root)
    } catch (error) {
      hold.release()
      send({ kind: 'opened', session, opening: { error: errorText(error) } })
      return
    }
    if (hold.opening.was === 'same') {
      for (const part of known) for (const [known, state] of unpackStates(part.states)) states.set(known, state)
    }
    send({ kind: 'opened', session, opening: hold.opening })
    this.#opened = { session, hold, rules, folder: this.#watch(session, hold, rules) }
  }

  #watch(session: number, hold: Hold, rules: Rules): WatchedFolder {
    const { states, send, watch = plainWatch, pauseMs = PAUSE_MS } = this.#options
    return new WatchedFolder({
      hold,
      rules,
      states,
      watch,
      pauseMs,
      reports: {
        seen: (changes) => send({ kind: 'seen', session, changes }),
        scanned: () => send({ kind: 'scanned', session }),
        problems: (problems) => send({ kind: 'problems', session, problems }),
        rulesChanged: () => send({ kind: 'rulesChanged', session }),
        lost: (reason) => {
          this.#close()
          send({ kind: 'lost', session, reason })
        },
      },
    })
  }

  #close(): void {
    this.#opened?.folder.close()
    this.#opened?.hold.release()
    this.#opened = null
    this.#options.states.clear()
  }
}
