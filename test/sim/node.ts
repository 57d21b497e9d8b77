/** One simulated peer over all its lives: what stays (key, disk, files, place) and what is of the present life. */
import type { LogLevel } from '../../src/env.js'
import type { Address } from '../../wire/types.js'
import type { SimDisk, SimStore } from './disk.js'
import type { Keys, SimEnv } from './env.js'
import type { SimFiles } from './files.js'
import type { SimHost } from './network.js'
import type { SimProcess } from './process.js'

/** How a peer is started, and started again. */
export interface Setup {
  readonly listen: readonly (Address | `${string}:0`)[]
  readonly join: readonly Address[]
}

export interface Life<P> {
  readonly process: SimProcess
  readonly store: SimStore
  readonly env: SimEnv
  readonly peer: P
}

export interface LoggedLine {
  readonly time: number
  readonly level: LogLevel
  readonly text: string
}

const MAX_LOG = 2000

export class SimNode<P> {
  readonly log: LoggedLine[] = [] // the last MAX_LOG
  lives = 0
  life: Life<P> | null = null
  skewMs = 0
  /** Share of chunks that it serves wrong. */
  badChunks = 0
  /** Why it stopped itself. */
  fatal: string | null = null
  /** Virtual time of the last end. */
  endedAt = 0
  /** It said goodbye. */
  left = false

  constructor(
    readonly index: number,
    readonly name: string,
    readonly keys: Keys,
    readonly host: SimHost,
    readonly disk: SimDisk,
    readonly files: SimFiles,
    readonly setup: Setup,
  ) {}

  get id(): Keys['id'] {
    return this.keys.id
  }

  /** Runs or is frozen. */
  get alive(): boolean {
    return this.life !== null
  }

  /** Runs and is not frozen. */
  get awake(): boolean {
    return this.life?.process.state === 'up'
  }

  get peer(): P {
    if (this.life === null) throw new Error(`${this.name} does not run`)
    return this.life.peer
  }

  /** The present process: what it was told may come in the very event that killed it. */
  get process(): SimProcess {
    if (this.life === null) throw new Error(`${this.name} does not run`)
    return this.life.process
  }

  remember(line: LoggedLine): void {
    this.log.push(line)
    if (this.log.length > MAX_LOG) this.log.shift()
  }
}
