/** Finds out what is different on the disk from what the index knows, and says it. */
import type { FolderPath } from '../../folder-disk.js'
import type { Root } from './root.js'
import type { States } from './states.js'
import type { ScanReport, ScanRequest } from './thread-messages.js'

export interface ScannerOptions {
  /** Absolute: the folder, or the one file that is shared. */
  readonly path: string
  /** Of the lock. */
  readonly nonce: string
  readonly states: States
  readonly send: (report: ScanReport) => void
}

export class Scanner {
  readonly #options: ScannerOptions

  constructor(options: ScannerOptions) {
    this.#options = options
  }

  /** Where the folder is; null while it is not open: nothing may be written then. */
  get root(): Root | null {
    return null
  }

  /** Why this path is not shared here whatever stands there (ignored, reserved, …); null where it is. */
  skips(_path: FolderPath, _isDirectory: boolean): string | null {
    return null
  }

  /** Something was changed here on behalf of the user: look at it soon, as after an event. */
  touch(_path: FolderPath): void {}

  carryOut(request: ScanRequest): void {
    if (request.kind === 'close') this.#options.send({ kind: 'closed', session: request.session })
  }
}
