/**
 * The main thread's half of scanning: `open`, `close` and `rescan` of FolderDisk, and its hooks.
 * Invariant: after `close`, `lost` or another `open` nothing of what was open before is told any more.
 */
import { assertNever } from '../../../wire/errors.js'
import type { DiskState, FolderHooks, FolderPath, Opening } from '../../folder-disk.js'
import { packStates, type ScanReport, type ScanRequest } from './thread-messages.js'

/** Of known states in one message. */
const KNOWN_AT_ONCE = 4096

interface Session {
  readonly hooks: FolderHooks
  readonly done: (opening: Opening) => void
  isOpen: boolean
}

export class ScanCalls {
  readonly #send: (request: ScanRequest) => void
  /** Of `open` and `close`, so that what is late is known for it. */
  #serial = 0
  #session: Session | null = null
  #closing: (() => void)[] = []

  constructor(send: (request: ScanRequest) => void) {
    this.#send = send
  }

  /** As FolderDisk says. */
  open(
    marker: string | null,
    known: Iterable<readonly [FolderPath, DiskState]>,
    hooks: FolderHooks,
    done: (opening: Opening) => void,
    adopt = false,
  ): void {
    const session = ++this.#serial
    this.#session = { hooks, done, isOpen: false }
    if (marker !== null) this.#sendKnown(session, known)
    this.#send({ kind: 'open', session, marker, adopt })
  }

  /** As FolderDisk says. */
  close(done: () => void): void {
    this.#session = null
    this.#closing.push(done)
    this.#send({ kind: 'close', session: ++this.#serial })
  }

  rescan(): void {
    if (this.#session !== null) this.#send({ kind: 'rescan' })
  }

  receive(report: ScanReport): void {
    if (report.kind === 'closed') {
      this.#closed()
      return
    }
    const session = this.#session
    if (session === null || report.session !== this.#serial) return
    const { hooks } = session
    switch (report.kind) {
      case 'opened':
        session.isOpen = 'marker' in report.opening
        if (!session.isOpen) this.#session = null
        session.done(report.opening)
        return
      case 'seen':
        hooks.seen(report.changes)
        this.#send({ kind: 'taken', session: report.session })
        return
      case 'scanned':
        hooks.scanned()
        return
      case 'problems':
        hooks.problems(report.problems)
        return
      case 'rulesChanged':
        hooks.rulesChanged()
        return
      case 'lost':
        this.#session = null
        hooks.lost(report.reason)
        return
      default:
        assertNever(report)
    }
  }

  /** The worker died. */
  ended(reason: string): void {
    const session = this.#session
    this.#session = null
    this.#closed()
    if (session === null) return
    const text = `its worker thread died (${reason})`
    if (session.isOpen) session.hooks.lost(text)
    else session.done({ error: text })
  }

  #closed(): void {
    const closing = this.#closing
    this.#closing = []
    for (const done of closing) done()
  }

  #sendKnown(session: number, known: Iterable<readonly [FolderPath, DiskState]>): void {
    let part: (readonly [FolderPath, DiskState])[] = []
    for (const one of known) {
      part.push(one)
      if (part.length < KNOWN_AT_ONCE) continue
      this.#send({ kind: 'known', session, states: packStates(part) })
      part = []
    }
    if (part.length > 0) this.#send({ kind: 'known', session, states: packStates(part) })
  }
}
