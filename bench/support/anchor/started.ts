/** A cluster with a dedicated anchor, which ends with this process however it ends. */
import { rmSync } from 'node:fs'
import type { RunningEntry } from '../../../src/host/running.js'
import { Cluster } from '../../../test/e2e/cluster.js'
import { runningIn } from './anchor-status.js'

export interface Started {
  readonly cluster: Cluster
  readonly anchor: RunningEntry
}

export async function withAnchor<T>(body: (started: Started) => Promise<T>): Promise<T> {
  const cluster = new Cluster()
  const endAll = (): void => {
    for (const peer of cluster.peers.values()) void peer.kill()
    rmSync(cluster.home, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once('exit', endAll)
  try {
    await cluster.start('harbour', 'anchor').ready
    const anchor = runningIn(cluster).find(({ isAnchor }) => isAnchor)
    if (anchor === undefined) throw new Error('the anchor is not in the runtime directory')
    return await body({ cluster, anchor })
  } finally {
    await cluster.close()
    process.off('exit', endAll)
  }
}
