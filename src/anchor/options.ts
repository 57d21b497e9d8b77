/** What each task of a dedicated anchor is started with. */

import type { Address } from '../../wire/types.js'
import type { ChainParams } from '../ledger/params.js'
import type { TaskAddresses } from './task.js'

export interface TaskOptions {
  /** What each task listens at, wildcards included; known before any of them runs. */
  readonly addresses: TaskAddresses
  /** `--join`: only admission looks for the network. */
  readonly join: readonly Address[]
  /** Addresses of this machine that a wildcard listener (`0.0.0.0`) is announced under. */
  readonly hosts: readonly string[]
  /** 500 ms where absent. */
  readonly pingIntervalMs?: number
  /** Name and version of the program, for the hello. */
  readonly software?: string
  /** Copies of everything stored; 4 where absent. */
  readonly replicas?: number
  /** Bytes of copies that the files task keeps. */
  readonly quotaBytes: number
  /** Parameters of the network's chain; the default ones where absent. */
  readonly params?: ChainParams
}
