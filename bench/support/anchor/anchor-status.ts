/** Running peers asked over their control sockets from this process: a question costs no process. */
import { join } from 'node:path'
import type { AnchorView, ProcessView } from '../../../src/anchor/process/supervisor.js'
import type { Task } from '../../../src/anchor/task.js'
import { call, NO_SCREEN } from '../../../src/cli/call.js'
import { type RunningEntry, runningPeers } from '../../../src/host/running.js'
import type { Cluster } from '../../../test/e2e/cluster.js'
import { within } from '../../../test/wire/support.js'

export const runningIn = (cluster: Cluster): readonly RunningEntry[] =>
  runningPeers(join(cluster.env.P2P_RUNTIME_HOME ?? '', 'p2p-tui'))

/** The JSON document of a command. */
export async function asked<T>(entry: RunningEntry, words: readonly string[]): Promise<T> {
  const parts: Uint8Array[] = []
  const { ended } = call(entry, words, NO_SCREEN, {
    progress: () => {},
    output: (kind, bytes) => {
      if (kind === 'json') parts.push(bytes)
    },
  })
  const end = await within(`${words.join(' ')} of ${entry.name}`, ended)
  if (!('exit' in end) || end.exit !== 0) throw new Error(`${words.join(' ')} of ${entry.name}: ${JSON.stringify(end)}`)
  return JSON.parse(Buffer.concat(parts).toString())
}

export async function processOf(anchor: RunningEntry, task: Task): Promise<ProcessView> {
  const { processes } = await asked<AnchorView>(anchor, ['anchor', 'status'])
  const found = processes.find((one) => one.task === task)
  if (found === undefined) throw new Error(`the anchor has no ${task}`)
  return found
}

/** Asks again until it fits; answers when it did, by the monotonic clock. */
export async function untilAnswer<T>(
  what: string,
  ask: () => Promise<T>,
  fits: (answer: T) => boolean,
  deadlineMs: number,
  everyMs: number,
): Promise<number> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const answer = await ask()
    if (fits(answer)) return performance.now()
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}; last: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
