/**
 * Whether the disk is open, and what to do when it is not: it is tried again every two seconds until it is, unless the user
 * paused it. Invariant: the disk is asked to open only while it is closed or lost, one time after the other.
 */
import type { Cancel, Env } from '../env.js'
import type { FolderDisk, FolderHooks, Opening as Outcome } from '../folder-disk.js'
import type { Index } from './contract.js'

const RETRY_MS = 2_000

/** `shut`: the user paused it, or it was not started. `lost`: it cannot be opened now, or went away. */
export type OpenState = 'shut' | 'opening' | 'scanning' | 'open' | 'lost' | 'closed'

export interface OpeningHooks extends Omit<FolderHooks, 'scanned' | 'lost'> {
  /** What stands on the disk is known. */
  ready(): void
  /** It is not open any more. */
  gone(): void
  changed(): void
}

export class Opening {
  state: OpenState = 'shut'
  /** Why it is lost. */
  reason = ''
  readonly #env: Pick<Env, 'after'>
  readonly #disk: FolderDisk
  readonly #index: () => Index
  readonly #hooks: OpeningHooks
  #timer: Cancel = () => {}
  /** Raised with each attempt: what an earlier one is told does not matter. */
  #attempt = 0
  /** Should the present attempt fail, the next one adopts. */
  #adopts = false
  /** Who waits for the present attempt. */
  #asking: ((error: string | null) => void)[] = [] // users: one a call

  constructor(env: Pick<Env, 'after'>, disk: FolderDisk, index: () => Index, hooks: OpeningHooks) {
    this.#env = env
    this.#disk = disk
    this.#index = index
    this.#hooks = hooks
  }

  /** Bytes may be read from it. */
  get isOpen(): boolean {
    return this.state === 'open' || this.state === 'scanning'
  }

  /**
   * Opens it, if it is not. `adopt`: also where the marker that is expected is not there. `done`: why it could not be
   * opened; null where it is open.
   */
  open(adopt: boolean, done: (error: string | null) => void): void {
    if (this.isOpen || this.state === 'closed') {
      this.#env.after(0, () => done(this.state === 'closed' ? 'this peer is about to exit' : null))
      return
    }
    this.#asking.push(done)
    if (this.state !== 'opening') this.#try(adopt)
    else if (adopt) this.#adopts = true
  }

  /** The user wants a pause. */
  shut(): void {
    if (this.state === 'shut' || this.state === 'closed') return
    const wasOpen = this.isOpen
    this.#become('shut', '')
    this.#disk.close(() => {})
    if (wasOpen) this.#hooks.gone()
    this.#answer('it was paused')
  }

  /** For good. */
  close(done: () => void): void {
    const wasOpen = this.isOpen
    this.#become('closed', '')
    if (wasOpen) this.#hooks.gone()
    this.#answer('this peer is about to exit')
    this.#disk.close(done)
  }

  #try(adopt: boolean): void {
    this.#adopts = false
    this.#become('opening', this.reason)
    const attempt = this.#attempt
    const index = this.#index()
    const isNow = (): boolean => attempt === this.#attempt
    const hooks: FolderHooks = {
      seen: (changes) => {
        if (isNow()) this.#hooks.seen(changes)
      },
      problems: (problems) => {
        if (isNow()) this.#hooks.problems(problems)
      },
      rulesChanged: () => {
        if (isNow()) this.#hooks.rulesChanged()
      },
      scanned: () => {
        if (isNow() && this.state === 'scanning') this.#ready()
      },
      lost: (reason) => {
        if (isNow()) this.#lost(reason)
      },
    }
    const opened = (outcome: Outcome): void => {
      if (isNow()) this.#opened(outcome)
    }
    this.#disk.open(index.marker, index.known(), hooks, opened, adopt)
  }

  #opened(outcome: Outcome): void {
    if ('error' in outcome) {
      this.#lost(outcome.error)
      return
    }
    this.#index().opened(outcome.marker, outcome.was === 'other')
    // the attempt is this life of the disk from now on
    this.state = 'scanning'
    this.reason = ''
    this.#answer(null)
    this.#hooks.changed()
  }

  #ready(): void {
    this.state = 'open'
    this.#index().scanned()
    this.#hooks.ready()
    this.#hooks.changed()
  }

  #lost(reason: string): void {
    const wasOpen = this.isOpen
    this.#become('lost', reason)
    if (wasOpen) this.#hooks.gone()
    if (this.#adopts) {
      this.#try(true)
      return
    }
    this.#answer(reason)
    this.#timer = this.#env.after(RETRY_MS, () => this.#try(false))
  }

  #become(state: OpenState, reason: string): void {
    this.#timer()
    this.#timer = () => {}
    this.#attempt++
    this.state = state
    this.reason = reason
    this.#hooks.changed()
  }

  #answer(error: string | null): void {
    const asking = this.#asking
    this.#asking = []
    for (const done of asking) done(error)
  }
}
