/** How much room a peer gives to copies for others, where its user did not say. */
import { statfsSync } from 'node:fs'
import { DEFAULT_QUOTA_BYTES } from '../swarm/swarm-options.js'

const SHARE_OF_FREE = 0.1

/** 10 GiB, or a tenth of what is free on the disk of this directory where that is less. */
export function defaultQuota(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return Math.min(DEFAULT_QUOTA_BYTES, Math.floor(bavail * bsize * SHARE_OF_FREE))
}
