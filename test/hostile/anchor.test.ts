/**
 * A running dedicated anchor under attack: strangers at its three ports who say nothing, and members who say far too
 * much. None of its processes ends, and honest peers are served meanwhile.
 */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { AnchorView } from '../../src/anchor/process/supervisor.js'
import { TASKS, type Task } from '../../src/anchor/task.js'
import type { Message } from '../../wire/messages.js'
import type { Hash } from '../../wire/types.js'
import { type Cluster, inCluster } from '../e2e/cluster.js'
import { until } from '../wire/support.js'
import { HostileMember } from './member-of-network.js'

const test = suite('a dedicated anchor under attack')

const STRANGERS = 1_000
const FLOODERS = 4
/** Just below what a link may carry. */
const MESSAGES_PER_TICK = 45
const TICK_MS = 10
const CLAIMS = 32

function portsOf(data: string): Readonly<Record<Task, number>> {
  const ports: Record<string, number> = JSON.parse(readFileSync(join(data, 'anchor', 'ports.json'), 'utf8'))
  const port = (task: Task): number => ports[`${task} 127.0.0.1`] ?? 0
  return { admission: port('admission'), manifests: port('manifests'), files: port('files') }
}

/** A peer joins, stores a file, and the anchor keeps it; then none of the three has ended. */
async function serves(cluster: Cluster, peer: string): Promise<void> {
  await cluster.start(peer).ready
  await cluster.meshed([peer, 'harbour'])
  writeFileSync(join(cluster.folder(peer), 'song'), randomBytes(300_000))
  await cluster.json(['store', 'song'], { on: peer })
  const status = await cluster.until(
    'the name at the anchor',
    () => cluster.json<AnchorView>(['anchor', 'status']),
    ({ manifests }) => manifests === 1,
  )
  const { stdout: log } = await cluster.run(['log'], { on: 'harbour' })
  assert.ok(
    status.processes.every(({ state, restarts }) => state === 'up' && restarts === 0),
    log,
  )
}

test(
  'a thousand strangers at each port who say nothing keep no peer out',
  inCluster(async (cluster) => {
    const { data } = await cluster.start('harbour', 'anchor').ready
    const ports = portsOf(data)
    const strangers: Socket[] = []
    let connected = 0
    const knock = (port: number): void => {
      const socket = connect(port, '127.0.0.1', () => connected++)
      // whoever is dropped knocks again
      socket.on('error', () => {}).on('close', () => strangers.includes(socket) && knock(port))
      strangers.push(socket)
    }
    for (const task of TASKS) for (let count = 0; count < STRANGERS; count++) knock(ports[task])
    try {
      await until('all strangers to be in', () => connected >= 3 * STRANGERS, 60_000)
      await serves(cluster, 'ann')
    } finally {
      for (const socket of strangers.splice(0)) socket.destroy()
    }
  }),
)

test(
  'members who flood a task with claims of what is nowhere end no process and keep no peer from storing',
  inCluster(async (cluster) => {
    const { data } = await cluster.start('harbour', 'anchor').ready
    const address = `127.0.0.1:${portsOf(data).manifests}`
    const flooders: HostileMember[] = []
    for (let count = 0; count < FLOODERS; count++)
      flooders.push(await HostileMember.join(cluster, { address }, 'manifests'))
    const none = new Uint8Array(0)
    const claims = Array.from({ length: CLAIMS }, () => ({
      manifest: randomBytes(32).toString('hex') as Hash,
      state: 'kept' as const,
      chunks: none,
      kept: none,
    }))
    const flood: Message = { type: 'chunksHave', claims }
    let sent = 0
    const timer = setInterval(() => {
      for (const { link } of flooders)
        for (let count = 0; count < MESSAGES_PER_TICK; count++) if (link.link.send(flood) === 'sent') sent++
    }, TICK_MS)
    try {
      await until('the flood to have begun', () => sent > 50_000, 60_000)
      await serves(cluster, 'ann')
    } finally {
      clearInterval(timer)
      for (const flooder of flooders) await flooder.close()
    }
    assert.ok(flooders.every(({ link }) => link.end?.code !== 'lost'))
  }),
)

test.run()
